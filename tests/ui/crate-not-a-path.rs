use name_manager::shared_resource;

#[shared_resource(pool = "db", crate = "borrowed")]
#[test]
fn lists_users() {}
