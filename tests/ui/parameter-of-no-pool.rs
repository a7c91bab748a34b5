use name_manager::{Lease, shared_resource};

#[shared_resource(pool = "db")]
#[shared_resource(pool = "smtp-server")]
#[test]
fn lists_users(db: Lease, cache: Lease) {
    assert!(*db != *cache);
}
