use name_manager::{Lease, shared_resource};

mod core {}
mod std {}
mod name_manager {
    pub use ::name_manager::*;
}

#[shared_resource(pool = "db", max = 2)]
#[test]
fn lists_users(db: Lease) {
    assert!(db.starts_with("db-"));
}
