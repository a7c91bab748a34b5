use name_manager::shared_resource;

#[shared_resource(pool = "db", max =)]
#[test]
fn lists_users() {}
