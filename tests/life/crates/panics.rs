//! Tests that are to panic, in this order, and one that is not.

use name_manager::{Lease, shared_resource};

#[shared_resource(pool = "db")]
#[test]
#[should_panic]
fn a_panics(db: Lease) {
    app::body(&db, "a_panics");
    panic!("as it should");
}

#[shared_resource(pool = "db")]
#[test]
#[should_panic(expected = "should")]
fn b_panics_with_a_text(db: Lease) {
    app::body(&db, "b_panics_with_a_text");
    panic!("as it should");
}

#[cfg_attr(all(), should_panic)]
#[shared_resource(pool = "db")]
#[test]
fn c_panics_in_this_configuration(db: Lease) {
    app::body(&db, "c_panics_in_this_configuration");
    panic!("as it should");
}

#[shared_resource(pool = "db")]
#[test]
#[cfg_attr(any(), should_panic)]
fn d_ends(db: Lease) {
    app::body(&db, "d_ends");
}
