use name_manager::shared_resource;

#[shared_resource(pool = "db", timeout = "3m")]
#[test]
fn lists_users() {}
