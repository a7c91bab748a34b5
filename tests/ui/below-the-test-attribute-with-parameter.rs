use name_manager::{Lease, shared_resource};

#[test]
#[shared_resource(pool = "db")]
fn lists_users(db: Lease) {
    assert!(db.starts_with("db-"));
}
