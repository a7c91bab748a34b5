use name_manager::shared_resource;

#[shared_resource(pool = "db", names = ["east", "west"], name = "north")]
#[test]
fn lists_users() {}
