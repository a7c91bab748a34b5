use name_manager::shared_resource;

#[shared_resource(pool = "db", all = "yes")]
#[test]
fn lists_users() {}
