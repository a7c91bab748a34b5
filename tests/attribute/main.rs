//! The attribute in use, on every kind of test.

#![forbid(unsafe_code)]
#![deny(warnings)]

mod asynchronous;
mod attributes;
mod modules;
mod options;
mod order;
mod parameters;
mod parametrised;
mod returns;
mod whose;

use name_manager::__private0::{RequestSpec, TestSpec, tests};

/// What the attribute wrote down about a test of this binary.
#[track_caller]
fn spec(test: &str) -> &'static TestSpec {
    let test = format!("attribute::{test}");
    let mut found = tests().filter(|spec| spec.test == test);
    match (found.next(), found.next()) {
        (Some(spec), None) => spec,
        (None, _) => panic!("`{test}` is not annotated"),
        (Some(_), Some(_)) => panic!("`{test}` is annotated twice"),
    }
}

/// The pools a test asks for.
#[track_caller]
fn pools(test: &str) -> Vec<&'static str> {
    spec(test).requests().map(|request| request.pool).collect()
}

#[track_caller]
fn requests(test: &str) -> Vec<RequestSpec> {
    spec(test).requests().collect()
}

fn is_annotated(test: &str) -> bool {
    let test = format!("attribute::{test}");
    tests().any(|spec| spec.test == test)
}
