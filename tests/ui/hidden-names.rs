use name_manager::shared_resource;

#[shared_resource(pool = "db")]
#[test]
fn lists_users() {
    drop(__leases);
    let _ = &__ENTRY;
}
