use name_manager::shared_resource;

#[shared_resource(pool = "db", wait_timeout = 30)]
#[test]
fn lists_users() {}
