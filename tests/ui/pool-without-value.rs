use name_manager::shared_resource;

#[shared_resource(pool)]
#[test]
fn lists_users() {}
