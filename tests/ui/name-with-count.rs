use name_manager::shared_resource;

#[shared_resource(pool = "db", name = "db-0", count = 2)]
#[test]
fn lists_users() {}
