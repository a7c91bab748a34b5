use name_manager::shared_resource;

#[test]
#[shared_resource(pool = "db")]
fn lists_users() {}
