#![forbid(unsafe_code)]
#![deny(warnings)]

use name_manager::{Lease, shared_resource};

#[shared_resource(pool = "db", max = 2)]
#[test]
fn lists_users(mut db: Vec<Lease>) -> Result<(), Box<dyn std::error::Error>> {
    let db = db.pop().ok_or("no lease")?;
    assert!(db.starts_with("db-"));
    Ok(())
}

#[shared_resource(pool = "db", max = 2)]
#[test]
#[should_panic]
fn fails() {
    panic!("on purpose")
}
