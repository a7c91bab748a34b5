use name_manager::shared_resource;

#[shared_resource(pool = "db", max = 2, count = 3)]
#[test]
fn lists_users() {}
