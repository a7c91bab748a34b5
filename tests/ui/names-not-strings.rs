use name_manager::shared_resource;

#[shared_resource(pool = "db", names = ["db_a", 1, "db_c", true])]
#[test]
fn lists_users() {}
