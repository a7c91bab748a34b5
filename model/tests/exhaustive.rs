//! Every state that three clients can bring the engine into: `cargo test --release`
//! the smaller bounds, with `-- --include-ignored` the larger ones.

use name_manager_model::{Engine, Program, Request, is_acyclic};
use stateright::{Checker, Model};

const A: usize = 0;
const B: usize = 1;

const ANY: Program = Program::patient(&[Request::any(A)]);
const HASTY: Program = Program::hasty(&[Request::any(A)]);
const BOTH: Program = Program::hasty(&[Request::both(A)]);
const NAMED: Program = Program::patient(&[Request::named(A, 0)]);
const HASTY_NAMED: Program = Program::hasty(&[Request::named(A, 0)]);
const READER: Program = Program::patient(&[Request::any(A).shared()]);
const HASTY_READER: Program = Program::hasty(&[Request::any(A).shared()]);
const NAMED_READER: Program = Program::hasty(&[Request::named(A, 0).shared()]);
const TWO: Program = Program::patient(&[Request::any(A), Request::any(B)]);
const HASTY_TWO: Program = Program::hasty(&[Request::any(A), Request::any(B)]);
const NAMED_THEN_BOTH: Program = Program::patient(&[Request::named(A, 0), Request::both(B)]);

/// Looks at all there is, with up to `max` names a pool and `crashes` clients killed.
#[track_caller]
fn holds(programs: [Program; 3], max: usize, crashes: usize) {
    let engine = Engine {
        programs,
        max: [max; 2],
        crashes,
        flaws: &[],
    };
    let checker = engine.checker().threads(2).spawn_bfs().join();
    let (states, depth) = (checker.unique_state_count(), checker.max_depth());
    println!("{states} states, at most {depth} steps deep: {engine:?}");
    checker.assert_properties();
    assert!(is_acyclic(&engine), "the engine can come back to a state");
}

#[test]
fn a_line_for_one_name() {
    holds([ANY, ANY, HASTY], 1, 1);
}

#[test]
fn two_names_at_once() {
    holds([BOTH, ANY, HASTY], 2, 0);
}

#[test]
fn a_given_name_beside_the_queue() {
    holds([HASTY_NAMED, ANY, ANY], 1, 1);
    holds([HASTY_NAMED, HASTY_NAMED, BOTH], 2, 0);
}

#[test]
fn a_holder_that_comes_again() {
    holds([ANY.twice(), HASTY_NAMED, HASTY_NAMED], 1, 0);
}

#[test]
fn readers_and_writers() {
    holds([READER, ANY, ANY], 1, 0);
    holds([HASTY_NAMED, READER, ANY], 1, 0);
}

#[test]
fn two_pools_in_one_order() {
    holds([TWO, TWO, TWO], 2, 0);
}

#[test]
#[ignore = "takes minutes: readers that lose their name to each other"]
fn readers_and_readers() {
    holds([READER, READER, ANY], 1, 0);
    holds([READER, ANY, ANY], 1, 1);
    holds([READER, HASTY_READER, HASTY], 1, 1);
    holds([READER, NAMED_READER, HASTY], 1, 1);
    holds([NAMED, NAMED_READER, READER], 2, 1);
}

#[test]
#[ignore = "takes minutes: a death anywhere"]
fn a_death_anywhere() {
    holds([BOTH, ANY, HASTY], 2, 1);
    holds([HASTY_NAMED, ANY, ANY], 2, 1);
    holds([HASTY_NAMED, HASTY_NAMED, BOTH], 2, 1);
    holds([ANY.twice(), HASTY_NAMED, HASTY_NAMED], 1, 1);
}

#[test]
#[ignore = "takes minutes: a death anywhere, over two pools"]
fn a_death_anywhere_over_two_pools() {
    holds([TWO, TWO, TWO], 2, 1);
    holds([TWO, HASTY_TWO, NAMED_THEN_BOTH], 2, 1);
}

#[test]
#[ignore = "takes minutes: everybody may die"]
fn deaths_of_all() {
    holds([HASTY, HASTY, HASTY], 1, 3);
    holds([HASTY_NAMED, HASTY_NAMED, HASTY], 1, 3);
}
