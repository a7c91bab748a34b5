use name_manager::shared_resource;

#[shared_resource(pool = "db", max = MAX)]
#[test]
fn lists_users() {}
