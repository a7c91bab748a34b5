use name_manager::shared_resource;

#[shared_resource(pool = "db", size = 2)]
#[test]
fn lists_users() {}
