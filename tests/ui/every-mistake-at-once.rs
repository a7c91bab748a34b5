use name_manager::{Lease, shared_resource};

#[shared_resource(pool = "Db", max = 0, size = 2, count = "two")]
#[shared_resource(names = [], arg = 3)]
#[test]
fn lists_users(db: Lease) {
    assert!(db.starts_with("db-"));
}
