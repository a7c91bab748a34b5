use name_manager::shared_resource;

#[shared_resource(pool = "db", nmaes = ["a"])]
#[test]
fn lists_users() {}
