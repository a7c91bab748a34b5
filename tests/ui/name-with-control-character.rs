use name_manager::shared_resource;

#[shared_resource(pool = "db", name = "db\n")]
#[test]
fn lists_users() {}
