use name_manager::{Lease, shared_resource};

#[shared_resource(pool = "db")]
#[test]
fn lists_users(_: Lease) {}
