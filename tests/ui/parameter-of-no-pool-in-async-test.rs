use name_manager::{Lease, shared_resource};

#[shared_resource(pool = "db")]
#[tokio::test]
async fn lists_users(cache: Lease) {
    assert!(cache.starts_with("db-"));
}
