//! Other attributes stay where they were.

use crate::pools;
use name_manager::{Lease, shared_resource};

#[shared_resource(pool = "attributes")]
#[test]
#[should_panic(expected = "lent attributes-")]
fn should_panic(attributes: Lease) {
    panic!("lent {attributes}");
}

#[shared_resource(pool = "attributes")]
#[test]
#[ignore = "would fail"]
fn ignore(attributes: Lease) {
    panic!("ran with {attributes}");
}

/// A test with a doc comment, and with attributes above ours.
#[allow(non_snake_case)]
#[shared_resource(pool = "attributes")]
#[test]
#[cfg(test)]
fn Mixed(attributes: Lease) {
    assert!(attributes.starts_with("attributes-"));
}

#[shared_resource(pool = "attributes")]
#[test]
#[cfg(not(test))]
fn configured_out(attributes: Lease) {
    compile_error!("not compiled");
}

#[test]
fn a_test_that_is_configured_out_is_not_listed() {
    assert!(crate::is_annotated("attributes::Mixed"));
    assert!(!crate::is_annotated("attributes::configured_out"));
}

#[shared_resource(pool = "attributes")]
#[cfg_attr(test, test)]
fn conditional_test(attributes: Lease) {
    assert!(attributes.starts_with("attributes-"));
}

#[shared_resource(pool = "attributes")]
#[cfg_attr(test, shared_resource(pool = "attributes-yes"))]
#[cfg_attr(not(test), shared_resource(pool = "attributes-no"))]
#[test]
fn conditional_requests(attributes: Lease, attributes_yes: Lease) {
    assert!(attributes.starts_with("attributes-"));
    assert!(attributes_yes.starts_with("attributes-yes-"));
}

#[test]
fn only_the_conditions_that_hold_count() {
    assert_eq!(
        pools("attributes::conditional_requests"),
        ["attributes", "attributes-yes"]
    );
}

#[name_manager::shared_resource(pool = "attributes")]
#[::name_manager::shared_resource(pool = "attributes-two")]
#[test]
fn by_path(attributes: Lease, attributes_two: Lease) {
    assert!(attributes.starts_with("attributes-"));
    assert!(attributes_two.starts_with("attributes-two-"));
}

#[test]
fn attributes_by_any_path_are_one_request() {
    assert_eq!(pools("attributes::by_path").len(), 2);
}
