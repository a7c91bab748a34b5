use name_manager::shared_resource;

#[shared_resource(pool = "db\u{7}")]
#[test]
fn lists_users() {}
