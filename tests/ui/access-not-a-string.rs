use name_manager::shared_resource;

#[shared_resource(pool = "db", access = shared)]
#[test]
fn lists_users() {}
