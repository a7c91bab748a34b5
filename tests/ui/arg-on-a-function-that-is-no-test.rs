use name_manager::{Lease, shared_resource};

#[test]
#[shared_resource(pool = "db", arg = database)]
fn without_that_parameter() {}

#[shared_resource(pool = "db", arg = database)]
fn connect(database: Lease) -> Lease {
    database
}
