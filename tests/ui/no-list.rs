use name_manager::shared_resource;

#[shared_resource(pool = "db")]
#[shared_resource = "mail"]
#[test]
fn lists_users() {}
