use name_manager::{Lease, shared_resource};

#[shared_resource(pool = "db", max = 0)]
#[test]
fn lists_users(db: Lease) {
    assert!(db.starts_with("db-"));
}
