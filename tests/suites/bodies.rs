//! How a test ends, and what becomes of its name.

use std::fs;

use nm_runtime::record::{Record, State};

use crate::sharing::{PROJECT, cargo_test};

#[test]
fn a_test_that_panics_leaves_its_name_dirty_and_the_next_goes_on() {
    let state = || {
        let record = fs::read(PROJECT.pool("frail").join("names/frail-0.json"));
        Record::parse(&record.unwrap()).unwrap().state
    };
    let only = cargo_test("failing", "panics::a_panics", 1).finish();
    only.failure().says(&["frail-0 in pieces"]);
    assert_eq!(state(), State::Dirty);
    let next = cargo_test("failing", "panics::b_goes_on", 1).finish();
    next.success();
    assert_eq!(state(), State::Clean);
    PROJECT.forget("frail");

    let all = cargo_test("failing", "panics::", 1).finish().failure();
    all.says(&["3 passed; 2 failed", "frail-0 would not"]);
    let history = PROJECT.history("frail");
    history.check(1);
    assert_eq!(
        history.ends(),
        [
            ("a_panics", State::Dirty),
            ("b_goes_on", State::Clean),
            // As it is meant to end.
            ("c_should_panic", State::Clean),
            ("d_returns_an_error", State::Clean),
            ("e_says_so", State::Dirty),
        ]
    );
    PROJECT.forget("frail");
}

#[test]
fn a_parameter_that_cannot_be_made_fails_the_test_with_its_reason() {
    let refused = cargo_test("failing", "client::", 1).finish().failure();
    refused.says(&["failed to make a test parameter from mute-0: nobody answers at mute-0"]);
    PROJECT.history("mute").check(1);
    PROJECT.forget("mute");
}
