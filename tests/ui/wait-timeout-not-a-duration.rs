use name_manager::shared_resource;

#[shared_resource(pool = "db", wait_timeout = "soon")]
#[test]
fn lists_users() {}
