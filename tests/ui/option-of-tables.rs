use name_manager::shared_resource;

#[shared_resource(pool = "db", scope = "user")]
#[test]
fn lists_users() {}
