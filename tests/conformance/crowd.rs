//! Many at once, with few descriptors.

use macro_rules_attribute::apply;

use crate::support::oracle;
use crate::support::pool_test::Story;
use crate::support::stage::Stage;

#[apply(on_each_stage)]
fn a_thousand_threads_share_two_names<S: Stage>() {
    let mut test = Story::<S>::new("db", 2);
    test.start_with_few_descriptors("crowd");
    let crowd = format!("crowd {} db", S::CROWD);
    test.expect("crowd", &crowd, "crowd done");
    assert_eq!(oracle::check(&test.events(), 2), 2);
    assert_eq!(test.order().len(), S::CROWD);
}

#[apply(on_each_stage)]
fn a_thousand_threads_share_a_thousand_names<S: Stage>() {
    let mut test = Story::<S>::new("db", 1000);
    test.start_with_few_descriptors("crowd");
    test.expect("crowd", "crowd 1000 db", "crowd done");
    oracle::check(&test.events(), 1000);
    assert_eq!(test.order().len(), 1000);
}

#[apply(on_each_stage)]
fn threads_ask_four_pools_at_once<S: Stage>() {
    let mut test = Story::<S>::new("a", 70);
    test.also("b", 70).also("c", 70).also("d", 1);
    // All names are held elsewhere, so that a head waits in each pool.
    test.holds("holder", "a all");
    for pool in ["b", "c", "d"] {
        test.holds("holder", &format!("{pool} all"));
    }
    test.start_with_few_descriptors("crowd");
    test.begin("crowd", "crowd 400 a b c d");
    crate::support::patience::until("heads of the pools", || {
        let waits = |pool: &&str| {
            test.events_in(pool)
                .iter()
                .any(|event| event.kind == nm_runtime::journal::Kind::Waiting)
        };
        let awaited = ["a", "b", "c", "d"]
            .iter()
            .filter(|pool| waits(pool))
            .count();
        (awaited >= S::AWAITED).then_some(())
    });
    test.release("holder");
    assert_eq!(test.end_of_wait("crowd"), "crowd done");
}

#[apply(on_each_stage)]
fn waiting_for_a_thousand_names_ends_when_any_is_released<S: Stage>() {
    let mut test = Story::<S>::new("db", 1000);
    test.holds("holder", "db all");
    test.start_with_few_descriptors("few");
    test.wait("few")
        .expect("holder", "release db-999", "released");
    assert_eq!(test.expect_granted("few"), ["db-999"]);
}
