use name_manager::shared_resource;

#[shared_resource(pool = "db", arg = store)]
#[test]
fn lists_users() {}
