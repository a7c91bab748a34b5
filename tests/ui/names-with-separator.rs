use name_manager::shared_resource;

#[shared_resource(pool = "db", names = ["a/b"])]
#[test]
fn lists_users() {}
