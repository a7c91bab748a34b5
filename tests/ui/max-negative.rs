use name_manager::shared_resource;

#[shared_resource(pool = "db", max = -1)]
#[test]
fn lists_users() {}
