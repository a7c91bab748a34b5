//! Readers and writers.

use macro_rules_attribute::apply;
use nm_runtime::journal::State;

use crate::support::oracle;
use crate::support::pool_test::Story;
use crate::support::stage::Stage;

#[apply(on_each_stage)]
fn readers_share_one_name_and_leave_the_others_free<S: Stage>() {
    let mut test = Story::<S>::new("db", 3);
    for reader in ["a", "b", "c"] {
        assert_eq!(test.holds(reader, "db shared"), ["db-0"]);
    }
    assert_eq!(test.holds("writer", "db"), ["db-1"]);
    // Also when a lower name has become free in the meantime.
    assert_eq!(test.holds("other", "db"), ["db-2"]);
    test.release("a").release("b").release("c");
    assert_eq!(test.holds("a", "db shared name=db-0"), ["db-0"]);
    test.release("a").release("writer");
    assert_eq!(test.holds("a", "db shared name=db-1"), ["db-1"]);
    assert_eq!(test.holds("b", "db shared"), ["db-1"]);
}

#[apply(on_each_stage)]
fn a_writer_behind_a_stream_of_readers_is_served_before_later_readers<S: Stage>() {
    let mut test = Story::<S>::new("db", 1);
    test.holds("r1", "db shared");
    test.holds("r2", "db shared");
    test.wait("writer")
        .waits("r3", "db shared")
        .waits("r4", "db shared");
    test.release("r1");
    test.expect_waiting("writer")
        .expect_waiting("r3")
        .release("r2");
    assert_eq!(test.expect_granted("writer"), ["db-0"]);
    test.expect_waiting("r3")
        .expect_waiting("r4")
        .release("writer");
    test.expect_granted("r3");
    test.expect_granted("r4");
    assert_eq!(test.order(), ["r1", "r2", "writer", "r3", "r4"]);
    oracle::check(&test.events(), 1);
}

#[apply(on_each_stage)]
fn a_writer_of_a_given_name_holds_back_later_readers_of_it<S: Stage>() {
    let mut test = Story::<S>::new("db", 2);
    test.holds("r1", "db shared name=db-0");
    test.waits("writer", "db name=db-0");
    test.waits("r2", "db shared name=db-0");
    // Who would read any name is served by the other one.
    assert_eq!(test.holds("r3", "db shared"), ["db-1"]);
    test.expect_waiting("writer")
        .expect_waiting("r2")
        .release("r1");
    test.expect_granted("writer");
    test.expect_waiting("r2").release("writer");
    assert_eq!(test.expect_granted("r2"), ["db-0"]);
}

#[apply(on_each_stage)]
fn shared_leases_leave_the_fence_and_a_dead_reader_beside_others_stays_unnoticed_until_all_end<
    S: Stage,
>() {
    let mut test = Story::<S>::new("db", 1);
    assert_eq!(test.tell("w", "acquire db"), "granted db-0:1");
    test.release("w");
    // Of a pool of several machines, they say who came later.
    let [a, b, w] = match S::READERS_HAVE_FENCES {
        false => [1, 1, 2],
        true => [2, 3, 4],
    };
    let granted = |fence| format!("granted db-0:{fence}");
    assert_eq!(test.tell("a", "acquire db shared"), granted(a));
    assert_eq!(test.tell("b", "acquire db shared"), granted(b));
    test.kill("a").wait("w").release("b");
    assert_eq!(test.end_of_wait("w"), granted(w));
    let record = test.record("db-0");
    assert_eq!(record.reason.as_deref(), Some("`a` ended while it held it"));
    oracle::check(&test.events(), 1);
}

#[apply(on_each_stage)]
fn many_readers_that_end_at_once_all_give_their_name_back<S: Stage>() {
    let mut test = Story::<S>::new("db", 1);
    // 300 threads hold it shared at the same time, then let go together.
    let answer = test.tell("crowd", "readers 300 db shared");
    assert_eq!(answer, "readers done");
    let record = test.record("db-0");
    assert_eq!(record.holders, []);
    assert_eq!(record.state, State::Clean);
}
