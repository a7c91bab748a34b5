use name_manager::shared_resource;

#[shared_resource(pool = "db", set_env = "DATABASE_URL")]
#[test]
fn lists_users() {}
