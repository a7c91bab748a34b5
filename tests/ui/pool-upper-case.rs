use name_manager::shared_resource;

#[shared_resource(pool = "Db")]
#[test]
fn lists_users() {}
