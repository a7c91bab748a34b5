use name_manager::shared_resource;

#[shared_resource(pool = "db", names = ["east", "East"])]
#[test]
fn lists_users() {}
