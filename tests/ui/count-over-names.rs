use name_manager::shared_resource;

#[shared_resource(pool = "db", names = ["a", "b"], count = 3)]
#[test]
fn lists_users() {}
