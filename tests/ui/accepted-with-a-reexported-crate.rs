mod testing {
    pub mod pools {
        pub use name_manager::*;
    }
}

#[testing::pools::shared_resource(pool = "db", max = 2, crate = crate::testing::pools)]
#[test]
fn lists_users(db: testing::pools::Lease) {
    assert!(db.starts_with("db-"));
}
