//! What is said again to a server that has forgotten something.

use nm_register::{Document, Hold, Outcome, Request, State};

use crate::scene::{Pool, any, given, keep, machine, token};

fn lost(who: &str, name: &str) -> Outcome {
    Outcome::Lost(vec![(token(who), name.to_owned())])
}

#[test]
fn nothing_is_granted_while_everybody_says_again_what_it_holds() {
    let mut pool = Pool::new(2);
    pool.ask("a", any(1));
    let document = pool.document.clone();
    pool.freeze(&document);
    assert_eq!(pool.ask("b@2", any(1)), Outcome::Waiting);
    assert_eq!(pool.ask("c@2", any(1).tried()), Outcome::Busy);
    pool.end("a");
    pool.is("", "b");
    pool.calm = true;
    pool.settle(1);
    pool.is("db-0:b", "");
}

#[test]
fn a_grant_that_was_forgotten_is_put_back() {
    let mut pool = Pool::new(1);
    pool.ask("a", any(1));
    let hold = pool.hold("a");
    pool.freeze(&Document::default());
    pool.ask("b@2", any(1));
    assert_eq!(pool.again(&[&hold]), Outcome::Done);
    pool.calm = true;
    pool.settle(2);
    pool.is("db-0:a", "b");
    pool.end("a");
    assert!(pool.hold("b").fence > hold.fence);
}

#[test]
fn a_grant_that_was_forgotten_does_not_leave_its_holder_in_line() {
    let mut pool = Pool::new(1);
    pool.ask_all("a@2 b", any(1));
    let before = pool.document.clone();
    pool.end("a@2");
    let hold = pool.hold("b");
    pool.freeze(&before);
    pool.is("db-0:a", "b");
    assert_eq!(pool.again(&[&hold]), Outcome::Done);
    pool.is("db-0:b", "");
}

#[test]
fn a_release_that_was_forgotten_is_proved_by_the_later_grant() {
    for shared in [false, true] {
        let want = || if shared { any(1).shared() } else { any(1) };
        let mut pool = Pool::new(1);
        pool.ask("h@2", any(1));
        let before = pool.document.clone();
        pool.end("h@2");
        pool.ask("w", want());
        let hold = pool.hold("w");
        pool.freeze(&before);
        pool.is("db-0:h", "");
        assert_eq!(pool.again(&[&hold]), Outcome::Done, "shared: {shared}");
        assert_eq!(pool.hold("w"), hold);
        assert_eq!(pool.document.holds.len(), 1);
        // And who had released it knows of nothing to say.
        assert_eq!(pool.does(machine(2), keep(&[], &[])), Outcome::Done);
        assert_eq!(pool.document.holds.len(), 1);
    }
}

/// Two readers, the second of whom may come first.
#[test]
fn readers_are_put_back_in_any_order() {
    let orders: [fn(&Hold, &Hold) -> [Hold; 2]; 2] =
        [|a, b| [a.clone(), b.clone()], |a, b| [b.clone(), a.clone()]];
    // Forgotten: the second grant, that the first one shares, or all.
    for forgotten in 1..=3 {
        for order in orders {
            let mut pool = Pool::new(1);
            let mut before = vec![pool.document.clone()];
            pool.ask("a", any(1).shared());
            before.push(pool.document.clone());
            pool.share("a");
            before.push(pool.document.clone());
            pool.ask("b@2", any(1).shared());
            let (a, b) = (pool.hold("a"), pool.hold("b"));
            pool.freeze(&before[before.len() - forgotten]);
            for hold in order(&a, &b) {
                assert_eq!(pool.again(&[&hold]), Outcome::Done, "{forgotten}");
            }
            pool.is("db-0:(a) db-0:(b)", "");
        }
    }
}

#[test]
fn of_two_who_had_the_name_the_later_one_has_it_whoever_speaks_first() {
    for later_first in [true, false] {
        let mut pool = Pool::new(1);
        pool.ask("early@2", any(1));
        let early = pool.hold("early");
        // Its machine was silent, and that was forgotten, too.
        pool.bury(machine(2));
        pool.ask("late@1", any(1));
        let late = pool.hold("late");
        pool.dead.clear();
        pool.freeze(&Document::default());
        if later_first {
            assert_eq!(pool.again(&[&late]), Outcome::Done);
            assert_eq!(pool.again(&[&early]), lost("early", "db-0"));
        } else {
            assert_eq!(pool.again(&[&early]), Outcome::Done);
            assert_eq!(pool.again(&[&late]), Outcome::Done);
        }
        pool.is("db-0:late", "");
        assert_eq!(pool.state("db-0") == State::Dirty, !later_first);
    }
}

#[test]
fn a_late_comer_gets_nothing_back_that_others_may_have_used() {
    let mut pool = Pool::new(1);
    pool.ask("h@2", any(1));
    let hold = pool.hold("h");
    pool.freeze(&Document::default());
    pool.calm = true;
    pool.ask("z", any(1));
    pool.end("z");
    assert_eq!(pool.again(&[&hold]), lost("h", "db-0"));
    pool.is("", "");
    // Nor after another restart: the name's fence knows of the one that is gone.
    let document = pool.document.clone();
    pool.freeze(&document);
    assert_eq!(pool.again(&[&hold]), lost("h", "db-0"));
    assert!(pool.told().contains(&"lost db-0 h".to_owned()));
}

#[test]
fn who_was_declared_dead_has_nothing_to_say() {
    let mut pool = Pool::new(1);
    pool.ask("a@2", any(1));
    let hold = pool.hold("a");
    pool.bury(machine(2));
    pool.settle(1);
    pool.freeze(&Document::default());
    assert!(matches!(pool.again(&[&hold]), Outcome::Refused(_)));
    pool.is("", "");
}

#[test]
fn entries_of_a_session_that_its_agent_does_not_know_go() {
    let mut pool = Pool::new(3);
    pool.ask_all("a b@2 c", any(1));
    pool.ask_all("d e", any(1));
    let known = keep(&[("c", "db-2")], &["e"]);
    assert_eq!(pool.does(machine(1), known), Outcome::Done);
    pool.is("db-0:e db-1:b db-2:c", "");
    assert_eq!(
        pool.state("db-0"),
        State::Dirty,
        "how it was left is not known"
    );
}

#[test]
fn the_next_agent_of_a_machine_takes_over_what_tests_present() {
    let mut pool = Pool::new(2);
    pool.ask_all("a b c", any(1));
    let waiter = pool.document.line[0].clone();
    let hold = pool.hold("a");
    let again = Request::Again {
        holds: vec![hold],
        waiters: vec![waiter],
    };
    assert_eq!(pool.does(machine(9), again), Outcome::Done);
    // The first session is declared dead like any other: what nobody presented goes.
    pool.bury(machine(1));
    pool.settle(2);
    pool.is("db-0:a db-1:c", "");
    assert_eq!(pool.hold("a").session, machine(9));
}

#[test]
fn a_lock_is_put_back_as_a_name_is() {
    let mut pool = Pool::new(1);
    pool.ask("p", given("#alive run").shared());
    pool.ask("s", given("#life"));
    let (alive, life) = (pool.hold("p"), pool.hold("s"));
    pool.freeze(&Document::default());
    assert_eq!(pool.again(&[&alive, &life]), Outcome::Done);
    assert!(pool.document.is_running("run"));
    assert_eq!(pool.ask("t@2", given("#life")), Outcome::Waiting);
    pool.calm = true;
    pool.settle(2);
    pool.is("#alive run:(p) #life:s", "t=#life!");
}
