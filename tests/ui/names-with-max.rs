use name_manager::shared_resource;

#[shared_resource(pool = "db", names = ["a", "b"], max = 2)]
#[test]
fn lists_users() {}
