use name_manager::shared_resource;

#[shared_resource(pool = "db", names = "db_a")]
#[test]
fn lists_users() {}
