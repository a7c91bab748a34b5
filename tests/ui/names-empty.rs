use name_manager::shared_resource;

#[shared_resource(pool = "db", names = [])]
#[test]
fn lists_users() {}
