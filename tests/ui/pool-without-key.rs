use name_manager::shared_resource;

#[shared_resource("db")]
#[test]
fn lists_users() {}
