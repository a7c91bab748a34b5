use name_manager::shared_resource;

#[shared_resource(pool = "db", access = "read")]
#[test]
fn lists_users() {}
