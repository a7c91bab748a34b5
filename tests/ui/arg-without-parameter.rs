use name_manager::{Lease, shared_resource};

#[shared_resource(pool = "db", arg = store)]
#[test]
fn lists_users(db: Lease) {
    assert!(db.starts_with("db-"));
}
