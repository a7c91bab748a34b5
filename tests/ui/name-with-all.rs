use name_manager::shared_resource;

#[shared_resource(pool = "db", all, name = "db-0")]
#[test]
fn lists_users() {}
