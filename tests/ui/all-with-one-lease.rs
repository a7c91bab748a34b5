use name_manager::shared_resource;

#[shared_resource(pool = "db", max = 3, all)]
#[test]
fn lists_users(db: name_manager::Lease) {
    assert!(db.starts_with("db-"));
}
