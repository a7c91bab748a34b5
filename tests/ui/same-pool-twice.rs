use name_manager::{Lease, shared_resource};

#[shared_resource(pool = "db")]
#[shared_resource(pool = "db", arg = other)]
#[test]
fn lists_users(db: Lease, other: Lease) {
    assert!(*db != *other);
}
