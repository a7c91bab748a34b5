//! Who is served when.

use nm_register::{Failure, Names, Outcome, Refusal, Request, Spec, Standing, State};

use crate::scene::{Pool, any, given, machine, token};

#[test]
fn waiters_of_all_machines_are_served_as_they_came() {
    let mut pool = Pool::new(2);
    pool.ask_all("a b@2 c@3 d e@2", any(1));
    pool.is("db-0:a db-1:b", "c d e");
    pool.end("b@2");
    pool.is("db-0:a db-1:c", "d e");
    pool.end("a");
    pool.is("db-0:d db-1:c", "e");
}

#[test]
fn a_document_shows_whose_waiters_were_served_since_an_earlier_one() {
    let mut pool = Pool::new(2);
    pool.ask_all("a b@2 c@3 d@4 e@3", any(1));
    let first = pool.document.clone();
    pool.end("a");
    assert_eq!(pool.document.served_since(&first), [machine(3)].into());
    let second = pool.document.clone();
    assert_eq!(second.served_since(&second), [].into());
    // Who is served at once has not waited.
    pool.end("b@2");
    pool.end("c@3");
    pool.end("d@4");
    pool.ask("f@5", any(1));
    let served = pool.document.served_since(&first);
    assert_eq!(
        served,
        [machine(3)].into(),
        "`e` holds, the others have ended"
    );
    let third = pool.document.clone();
    assert_eq!(third.served_since(&second), [machine(3)].into());
}

#[test]
fn a_request_for_several_names_holds_up_those_behind_it() {
    let mut pool = Pool::new(3);
    pool.ask_all("a b", any(1));
    assert_eq!(pool.ask("all", any(3)), Outcome::Waiting);
    // There is a free name, but not for who came later.
    assert_eq!(pool.ask("c", any(1)), Outcome::Waiting);
    pool.end("a");
    pool.is("db-1:b", "all c");
    pool.end("b");
    pool.is("db-0:all db-1:all db-2:all", "c");
    pool.end("all");
    pool.is("db-0:c", "");
}

#[test]
fn a_given_name_is_waited_for_beside_the_queue_and_reserved() {
    let mut pool = Pool::new(2);
    pool.ask("a", given("db-1"));
    pool.ask_all("b@2 c@2", given("db-1"));
    // The other name is lent meanwhile, and the reserved one is not.
    assert_eq!(pool.ask("d", any(1)), Outcome::Granted);
    pool.ask("e", any(1));
    pool.is("db-0:d db-1:a", "b=db-1! c=db-1! e");
    let reserved = |who| match pool.document.standing(token(who)) {
        Standing::Waits { reserved, .. } => reserved,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        (reserved("b"), reserved("c"), reserved("e")),
        (Some(true), Some(false), None)
    );
    pool.end("a");
    pool.is("db-0:d db-1:b", "c=db-1! e");
    pool.end("b@2");
    pool.is("db-0:d db-1:c", "e");
    pool.end("c@2");
    pool.is("db-0:d db-1:e", "");
}

#[test]
fn readers_share_once_the_first_has_made_the_name_ready_and_a_writer_holds_later_ones_back() {
    let mut pool = Pool::new(1);
    pool.ask_all("a b@2", any(1).shared());
    pool.is("db-0:((a))", "b");
    pool.share("a");
    pool.is("db-0:(a) db-0:(b)", "");
    pool.ask("w@3", any(1));
    pool.ask("c@2", any(1).shared());
    pool.end("a");
    pool.is("db-0:(b)", "w c");
    pool.end("b@2");
    pool.is("db-0:w", "c");
    pool.end("w@3");
    pool.is("db-0:((c))", "");
}

#[test]
fn readers_join_readers_so_that_other_names_stay_free() {
    let mut pool = Pool::new(2);
    pool.ask("w", given("db-0"));
    pool.ask("a", any(1).shared());
    pool.share("a");
    pool.end("w");
    pool.ask("b", any(1).shared());
    pool.is("db-1:(a) db-1:(b)", "");
}

#[test]
fn who_does_not_wait_overtakes_nobody() {
    let mut pool = Pool::new(2);
    pool.ask("a", any(1));
    assert_eq!(pool.ask("all", any(2).tried()), Outcome::Busy);
    assert_eq!(pool.ask("b", any(1).tried()), Outcome::Granted);
    pool.end("b");
    pool.ask("both", any(2));
    assert_eq!(pool.ask("c@2", any(1).tried()), Outcome::Busy);
    assert_eq!(pool.ask("d@2", given("db-0").tried()), Outcome::Busy);
    pool.is("db-0:a", "both");
}

#[test]
fn who_gives_up_lets_those_behind_it_go_on() {
    let mut pool = Pool::new(2);
    pool.ask("a", any(1));
    pool.ask("both", any(2));
    pool.ask("b", any(1));
    assert_eq!(
        pool.does(machine(1), Request::Leave(token("both"))),
        Outcome::Done
    );
    pool.is("db-0:a db-1:b", "");
    // It was quicker than its end of patience.
    assert_eq!(
        pool.does(machine(1), Request::Leave(token("b"))),
        Outcome::Granted
    );
    assert_eq!(
        pool.does(machine(1), Request::Leave(token("x"))),
        Outcome::Gone
    );
}

#[test]
fn what_was_asked_and_is_asked_again_is_done_once() {
    let mut pool = Pool::new(1);
    for _ in 0..2 {
        assert_eq!(pool.ask("a", any(1)), Outcome::Granted);
        assert_eq!(pool.ask("b", any(1)), Outcome::Waiting);
        pool.is("db-0:a", "b");
    }
    pool.end("a");
    let held = pool.hold("b");
    assert_eq!(pool.ask("b", any(1)), Outcome::Granted);
    assert_eq!(pool.hold("b"), held);
}

#[test]
fn every_grant_has_a_higher_fence_a_readers_too() {
    let mut pool = Pool::new(1);
    pool.ask("a", any(1));
    let first = pool.hold("a").fence;
    pool.end("a");
    pool.ask("b", any(1).shared());
    pool.share("b");
    pool.ask("c", any(1).shared());
    let fences = [first, pool.hold("b").fence, pool.hold("c").fence];
    assert_eq!(fences, [1, 2, 3]);
    pool.end("b");
    pool.end("c");
    // A server that started anew may have forgotten some.
    pool.epoch = 1;
    pool.ask("d", any(1));
    assert_eq!(pool.hold("d").fence, (1 << 32) + 1);
}

#[test]
fn names_that_need_no_init_go_first_and_the_guess_of_a_runner() {
    let mut pool = Pool::new(3);
    pool.ask("a@1/r1", given("db-2"));
    let hold = pool.hold("a");
    let was = pool.document.names["db-2"].record.clone();
    let mut record = was.clone();
    record.life = Some(nm_register::Life {
        done: true,
        runs: vec!["r1".to_owned()],
        ..Default::default()
    });
    let change = Request::Change {
        token: hold.token,
        name: hold.name,
        was: Box::new(was),
        record: Box::new(record),
    };
    assert_eq!(pool.does(machine(1), change.clone()), Outcome::Done);
    assert_eq!(pool.does(machine(1), change), Outcome::Done, "done before");
    pool.end("a@1/r1");
    let warm = || crate::scene::Want {
        warm_first: true,
        ..any(1)
    };
    pool.ask("b@1/r1", warm());
    pool.is("db-2:b", "");
    pool.end("b@1/r1");
    // Another run has to make it anew, unless one is alive that uses it.
    pool.ask("c@2/r2", warm());
    pool.is("db-0:c", "");
    pool.ask("p@1/r1", given("#alive r1").shared());
    pool.ask("d@2/r2", warm());
    pool.is("#alive r1:(p) db-0:c db-2:d", "");
    pool.end("c@2/r2");
    let guess = crate::scene::Want { first: 1, ..any(1) };
    pool.ask("e", guess);
    pool.is("#alive r1:(p) db-1:e db-2:d", "");
}

#[test]
fn an_unbounded_pool_lends_free_names_again_before_new_ones() {
    let mut pool = Pool::of(Names::Numbered {
        template: "tmp{index}".to_owned(),
        max: None,
    });
    pool.ask_all("a b c", any(1));
    pool.is("tmp0:a tmp1:b tmp2:c", "");
    pool.end("b");
    pool.ask("d", any(2));
    pool.is("tmp0:a tmp1:d tmp2:c tmp3:d", "");
}

#[test]
fn two_that_mean_different_names_do_not_share_a_pool() {
    let mut pool = Pool::new(2);
    pool.ask("a", any(1));
    let ours = std::mem::replace(
        &mut pool.spec,
        Spec {
            names: Names::Listed(vec!["x".to_owned()]),
            place: "ci-2: tests/b.rs:7".to_owned(),
        },
    );
    let refused = Outcome::Refused(Refusal::Names(ours));
    assert_eq!(pool.ask("b@2", any(1)), refused);
    pool.is("db-0:a", "");
    pool.end("a");
    assert_eq!(pool.ask("b@2", any(1)), Outcome::Granted);
    pool.is("x:b", "");
}

#[test]
fn what_can_never_be_granted_fails_and_holds_up_nobody() {
    let mut pool = Pool::new(2);
    let few = Outcome::Failed(Failure::Capacity(2));
    assert_eq!(pool.ask("a", any(3)), few);
    pool.ask("b", any(1));
    pool.ask("both@2", any(2));
    pool.ask("c", any(1));
    pool.end_as("b", State::Broken);
    // It waited when the name broke; its agent is yet to tell it.
    pool.is("db-1:c", "both?");
    let why = Failure::Broken("`db-0`: no reason given".to_owned());
    assert_eq!(
        pool.document.standing(token("both")),
        Standing::Failed(&why)
    );
    assert_eq!(
        pool.does(machine(2), Request::Leave(token("both"))),
        Outcome::Done
    );
    pool.is("db-1:c", "");
    // In another run it is lent, and has a chance.
    assert_eq!(pool.ask("d@2/other", any(1)), Outcome::Granted);
    pool.is("db-0:d db-1:c", "");
}

#[test]
fn a_program_without_the_hooks_of_the_pool_is_lent_nothing() {
    let mut pool = Pool::new(1);
    let code = nm_register::Code {
        resource: Some(nm_register::Place {
            krate: "app".to_owned(),
            place: "src/db.rs:3".to_owned(),
            commands: None,
        }),
        allocator: None,
    };
    assert_eq!(pool.does(machine(1), Request::Declare(code)), Outcome::Done);
    let without = || crate::scene::Want {
        has_hooks: false,
        ..any(1)
    };
    assert_eq!(pool.ask("a@2", without()), Outcome::Failed(Failure::Hooks));
    assert_eq!(pool.ask("b@2", any(1)), Outcome::Granted);
    pool.end("b@2");
    // Until everything is forgotten, while no run is alive.
    let forgotten = pool.does(machine(1), Request::Forget { force: false });
    let names = vec!["db-0".to_owned()];
    assert_eq!(
        forgotten,
        Outcome::Forgotten {
            names,
            lent: vec![],
            awaited: false
        }
    );
    assert_eq!(pool.ask("a@2", without()), Outcome::Granted);
    assert_eq!(pool.hold("a").fence, 2, "fences are not forgotten");
}
