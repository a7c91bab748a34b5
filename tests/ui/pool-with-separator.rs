use name_manager::shared_resource;

#[shared_resource(pool = "team/db")]
#[test]
fn lists_users() {}
