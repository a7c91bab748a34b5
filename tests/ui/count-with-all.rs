use name_manager::shared_resource;

#[shared_resource(pool = "db", all, count = 2)]
#[test]
fn lists_users() {}
