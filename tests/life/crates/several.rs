//! In this order, on one thread.

use name_manager::{Lease, shared_resource};

#[shared_resource(pool = "db", name = "db-1")]
#[test]
fn a_panics(db: Lease) {
    app::body(&db, "a_panics");
}

#[shared_resource(pool = "db", count = 2)]
#[test]
fn b_wants_both(db: Vec<Lease>) {
    db.iter().for_each(|db| app::body(db, "b_wants_both"));
}

#[shared_resource(pool = "db", name = "db-1")]
#[test]
fn c_goes_on(db: Lease) {
    app::body(&db, "c_goes_on");
}
