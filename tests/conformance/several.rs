//! Several pools for one test, as the attribute asks for them.

use crate::support::oracle;
use crate::support::pool_test::Story;
use crate::support::stage::Stage;
use macro_rules_attribute::apply;
use nm_runtime::journal;

#[apply(on_each_stage)]
fn annotated_tests_that_name_the_pools_in_opposing_order_never_block_each_other<S: Stage>() {
    let mut test = Story::<S>::new("a", 1);
    test.also("b", 1).start("x").start("y");
    test.begin("x", "annotated-loop ab 60")
        .begin("y", "annotated-loop ba 60");
    for actor in ["x", "y"] {
        assert_eq!(test.end_of_wait(actor), "looped");
    }
    for pool in ["a", "b"] {
        let events = test.events_in(pool);
        assert_eq!(oracle::check(&events, 1), 1);
        let lent = events
            .iter()
            .filter(|event| event.kind == journal::Kind::Acquired);
        assert_eq!(lent.count(), 120);
        assert!(
            events
                .iter()
                .all(|event| event.kind != journal::Kind::Deadlock)
        );
    }
}

#[apply(on_each_stage)]
fn the_scarcest_pool_is_taken_last<S: Stage>() {
    let mut test = Story::<S>::new("a", 1);
    test.also("b", 3).holds("holder", "b all");
    // `b` is larger, so it is asked for first: nobody idles in `a` meanwhile.
    test.begin("x", "annotated ab");
    crate::support::patience::until("a wait for b", || {
        test.events_in("b")
            .iter()
            .any(|event| event.kind == journal::Kind::Waiting)
            .then_some(())
    });
    assert_eq!(test.holds("other", "a"), ["a-0"]);
    test.release("other").release("holder");
    assert_eq!(test.end_of_wait("x"), "granted");
}
