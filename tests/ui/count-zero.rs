use name_manager::shared_resource;

#[shared_resource(pool = "db", count = 0)]
#[test]
fn lists_users() {}
