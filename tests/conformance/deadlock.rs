//! Circles made by hand, and what only looks like one.

use macro_rules_attribute::apply;
use nm_runtime::journal::Kind;

use crate::support::patience;
use crate::support::pool_test::{Story, error, names};
use crate::support::stage::Stage;

/// Waits until all of these were granted or failed with a deadlock, each in the
/// order in which they are, releasing what is held; gives the message of each
/// that failed.
#[track_caller]
fn resolve(test: &mut Story<impl Stage>, actors: &[&str]) -> Vec<String> {
    let mut left: Vec<&str> = actors.to_vec();
    let mut messages = Vec::new();
    patience::until("an end of the circle", || {
        left.retain(|actor| match test.reply_by_now(actor) {
            None => true,
            Some(reply) => {
                match reply.starts_with("granted") {
                    true => drop(names(&reply)),
                    false => messages.push(error(&reply, "deadlock")),
                }
                test.begin(actor, "release");
                test.end_of_wait(actor);
                false
            }
        });
        left.is_empty().then_some(())
    });
    messages
}

#[apply(on_each_stage)]
fn opposing_orders_inside_bodies_fail_one_of_them_and_say_what_each_holds<S: Stage>() {
    let mut test = Story::<S>::new("a", 1);
    test.also("b", 1).holds("x", "a");
    test.holds("y", "b");
    test.begin("x", "acquire b").begin("y", "acquire a");
    let messages = resolve(&mut test, &["x", "y"]);
    assert_eq!(messages.len(), 1, "{messages:?}");
    for part in [
        "`x` holds `a-0`",
        "`y` holds `b-0`",
        "`a`",
        "`b`",
        "#[shared_resource(",
    ] {
        assert!(messages[0].contains(part), "no {part} in: {}", messages[0]);
    }
    let deadlocks = |pool: &str| {
        let events = test.events_in(pool);
        let found = events.iter().filter(|event| event.kind == Kind::Deadlock);
        found.count()
    };
    assert_eq!(deadlocks("a") + deadlocks("b"), 1);
}

#[apply(on_each_stage)]
fn threads_of_one_process_make_circles_too<S: Stage>() {
    let mut test = Story::<S>::new("a", 1);
    test.also("b", 1).thread("y", "x").holds("x", "a");
    test.holds("y", "b");
    test.begin("x", "acquire b").begin("y", "acquire a");
    assert_eq!(resolve(&mut test, &["x", "y"]).len(), 1);
}

#[apply(on_each_stage)]
fn a_circle_of_three_fails_one_and_the_others_go_on<S: Stage>() {
    let mut test = Story::<S>::new("a", 1);
    test.also("b", 1).also("c", 1);
    for (actor, pool) in [("x", "a"), ("y", "b"), ("z", "c")] {
        test.holds(actor, pool);
    }
    for (actor, pool) in [("x", "b"), ("y", "c"), ("z", "a")] {
        test.begin(actor, &format!("acquire {pool}"));
    }
    let messages = resolve(&mut test, &["x", "y", "z"]);
    assert_eq!(messages.len(), 1, "{messages:?}");
    for test in ["`x` holds `a-0`", "`y` holds `b-0`", "`z` holds `c-0`"] {
        assert!(messages[0].contains(test), "{}", messages[0]);
    }
}

#[apply(on_each_stage)]
fn given_names_of_one_pool_make_a_circle<S: Stage>() {
    let mut test = Story::<S>::new("db", 3);
    test.holds("x", "db name=db-0");
    test.holds("y", "db name=db-1");
    test.begin("x", "acquire db name=db-1")
        .begin("y", "acquire db name=db-0");
    let messages = resolve(&mut test, &["x", "y"]);
    assert_eq!(messages.len(), 1, "{messages:?}");
    assert!(messages[0].contains("waits for `db-1`"), "{}", messages[0]);
}

#[apply(on_each_stage)]
fn holders_of_all_names_of_a_pool_that_want_one_more_make_a_circle<S: Stage>() {
    let mut test = Story::<S>::new("db", 2);
    test.hold("x").hold("y");
    test.begin("x", "acquire db").begin("y", "acquire db");
    assert_eq!(resolve(&mut test, &["x", "y"]).len(), 1);
}

#[apply(on_each_stage)]
fn readers_that_both_want_to_write_make_a_circle<S: Stage>() {
    let mut test = Story::<S>::new("a", 1);
    test.also("b", 1).holds("x", "a shared");
    test.holds("y", "b shared");
    test.begin("x", "acquire b").begin("y", "acquire a");
    assert_eq!(resolve(&mut test, &["x", "y"]).len(), 1);
}

#[apply(on_each_stage)]
fn a_circle_through_the_head_of_the_queue_is_found<S: Stage>() {
    // `y` could have db-1, but queues behind `all`, which waits for `x` and `y`.
    let mut test = Story::<S>::new("db", 3);
    test.hold("x").hold("y").waits("all", "db all");
    test.begin("x", "acquire db").begin("y", "acquire db");
    let messages = resolve(&mut test, &["x", "y", "all"]);
    assert!(!messages.is_empty());
    assert!(
        messages.iter().all(|message| message.contains("`all`")),
        "{messages:?}"
    );
}

#[apply(on_each_stage)]
fn one_holder_and_the_head_of_the_queue_it_stands_in_make_a_circle<S: Stage>() {
    let mut test = Story::<S>::new("db", 2);
    test.hold("x").waits("all", "db all");
    test.begin("x", "acquire db");
    let messages = resolve(&mut test, &["x", "all"]);
    assert_eq!(messages.len(), 1, "{messages:?}");
    assert!(messages[0].contains("`x` holds `db-0`"), "{}", messages[0]);
    assert!(messages[0].contains("`all`"), "{}", messages[0]);
}

#[apply(on_each_stage)]
fn a_head_that_shares_and_has_some_of_its_names_makes_a_circle_too<S: Stage>() {
    let mut test = Story::<S>::new("db", 2);
    test.hold("x").waits("all", "db all shared");
    test.begin("x", "acquire db");
    let messages = resolve(&mut test, &["x", "all"]);
    assert_eq!(messages.len(), 1, "{messages:?}");
    assert!(messages[0].contains("`x` holds `db-0`"), "{}", messages[0]);
}

#[apply(on_each_stage)]
fn a_circle_through_the_heads_of_two_queues_is_found<S: Stage>() {
    // Neither head holds a name by its record: one has three of four, one one of seven.
    let mut test = Story::<S>::new("life", 4);
    test.also("many", 9).holds("x", "life");
    test.holds("y", "many count=8");
    test.waits("readers", "life shared count=4");
    test.waits("seven", "many count=7");
    test.begin("y", "acquire life count=2");
    test.begin("x", "acquire many shared");
    let messages = resolve(&mut test, &["x", "y", "readers", "seven"]);
    assert_eq!(messages.len(), 1, "{messages:?}");
}

#[apply(on_each_stage)]
fn a_circle_through_a_reserved_name_is_found<S: Stage>() {
    // `life-0` is held by a reader, so `readers` could share it, were it not kept for
    // `writer`.
    let mut test = Story::<S>::new("life", 2);
    test.also("other", 1).holds("x", "life shared");
    test.holds("y", "other");
    test.waits("writer", "life name=life-0");
    test.waits("readers", "life shared count=2");
    test.begin("y", "acquire life").begin("x", "acquire other");
    let messages = resolve(&mut test, &["x", "y", "writer", "readers"]);
    assert_eq!(messages.len(), 1, "{messages:?}");
}

#[apply(on_each_stage)]
fn a_circle_through_a_reader_behind_a_reservation_is_found<S: Stage>() {
    let mut test = Story::<S>::new("life", 1);
    test.also("other", 1).holds("x", "life shared");
    test.holds("y", "other");
    test.waits("writer", "life name=life-0");
    test.begin("y", "acquire life name=life-0 shared");
    test.begin("x", "acquire other");
    let messages = resolve(&mut test, &["x", "y", "writer"]);
    assert_eq!(messages.len(), 1, "{messages:?}");
}

#[apply(on_each_stage)]
fn a_circle_through_a_reader_behind_a_waiting_writer_is_found<S: Stage>() {
    let mut test = Story::<S>::new("db", 1);
    test.also("x", 1).holds("reader", "db shared");
    test.holds("holder", "x");
    test.wait("writer")
        .begin("holder", "acquire db shared")
        .begin("reader", "acquire x");
    let messages = resolve(&mut test, &["reader", "holder", "writer"]);
    assert_eq!(messages.len(), 1, "{messages:?}");
}

#[apply(on_each_stage)]
fn a_circle_through_a_pool_whose_other_name_is_broken_is_found<S: Stage>() {
    let mut test = Story::<S>::new("a", 2);
    test.also("b", 1).hold("other");
    test.expect("other", "mark-broken no such host", "marked")
        .release("other");
    test.holds("x", "a");
    test.holds("y", "b");
    test.begin("x", "acquire b").begin("y", "acquire a");
    let messages = resolve(&mut test, &["x", "y"]);
    assert_eq!(messages.len(), 1, "{messages:?}");
    let waits = "waits for pool `a`, of which `a-0` is broken";
    assert!(messages[0].contains(waits), "{}", messages[0]);
}

#[apply(on_each_stage)]
fn the_holder_of_the_only_name_that_is_not_broken_waits_for_itself<S: Stage>() {
    let mut test = Story::<S>::new("db", 3);
    for actor in ["a", "b"] {
        test.hold(actor)
            .expect(actor, "mark-broken no such host", "marked");
    }
    test.release("a").release("b").hold("x");
    test.begin("x", "acquire db");
    let messages = resolve(&mut test, &["x"]);
    let waits = "waits for pool `db`, of which `db-0`, `db-1` are broken";
    assert!(messages[0].contains(waits), "{}", messages[0]);
}

#[apply(on_each_stage)]
fn a_broken_name_that_another_run_has_is_waited_for<S: Stage>() {
    // It tries it again, and gives it back as good as any.
    let mut test = Story::<S>::new("db", 2);
    test.hold("a")
        .expect("a", "mark-broken no such host", "marked")
        .release("a");
    assert_eq!(test.holds("x", "db"), ["db-1"]);
    test.run("run-2");
    assert_eq!(test.holds("slow", "db"), ["db-0"]);
    test.waits("x", "db");
    patience::until("a notice", || {
        test.notices("x").contains("has waited").then_some(())
    });
    test.expect_waiting("x").release("slow");
    assert_eq!(test.expect_granted("x"), ["db-0"]);
}

#[apply(on_each_stage)]
fn a_holder_that_is_merely_slow_is_no_circle<S: Stage>() {
    let mut test = Story::<S>::new("a", 1);
    test.also("b", 1).holds("slow", "b");
    test.holds("x", "a");
    test.waits("x", "b").waits("y", "a");
    // Long enough for several looks: the notice comes after a second.
    patience::until("a notice", || {
        test.notices("x").contains("has waited").then_some(())
    });
    test.expect_waiting("x").expect_waiting("y").release("slow");
    test.expect_granted("x");
    test.release("x").expect_granted("y");
}

#[apply(on_each_stage_of_unix)]
fn a_circle_that_death_breaks_is_none<S: Stage>() {
    let mut test = Story::<S>::new("a", 1);
    test.also("b", 1).holds("x", "a");
    test.holds("y", "b");
    // Stopped, `y` can neither see nor break the circle that closes.
    test.waits("y", "a").pause("y");
    test.begin("x", "acquire b").kill("y");
    assert_eq!(names(&test.end_of_wait("x")), ["b-0"]);
}

#[apply(on_each_stage)]
fn a_dead_holder_is_no_part_of_a_circle<S: Stage>() {
    // While another reader lives, the record still says that `dead` reads b-0 and
    // waits for `a`. Started first, so that `x` would be the one to fail.
    let mut test = Story::<S>::new("a", 1);
    test.also("b", 1).start("dead").holds("x", "a");
    test.holds("slow", "b shared");
    test.holds("dead", "b shared");
    test.waits("dead", "a").kill("dead").waits("x", "b");
    patience::until("a notice", || {
        test.notices("x").contains("has waited").then_some(())
    });
    test.expect_waiting("x").release("slow");
    assert_eq!(test.expect_granted("x"), ["b-0"]);
}

#[apply(on_each_stage)]
fn whoever_failed_keeps_what_it_holds_and_can_go_on<S: Stage>() {
    let mut test = Story::<S>::new("a", 1);
    test.also("b", 1).holds("x", "a");
    test.holds("y", "b");
    test.begin("x", "acquire b").begin("y", "acquire a");
    let failed = patience::until("a deadlock", || {
        ["x", "y"].into_iter().find(|actor| {
            let reply = test.reply_by_now(actor);
            reply.is_some_and(|reply| reply.starts_with("error deadlock "))
        })
    });
    let (other, kept) = if failed == "x" {
        ("y", "a")
    } else {
        ("x", "b")
    };
    test.expect("third", &format!("try {kept}"), "nothing");
    test.release(failed);
    names(&test.end_of_wait(other));
}
