use name_manager::shared_resource;

#[shared_resource(pool = "db", max = 4294967296)]
#[test]
fn lists_users() {}
