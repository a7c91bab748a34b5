//! Deaths, runs, and what they leave.

use nm_register::{After, Outcome, Record, Refusal, Request, State};

use crate::scene::{Pool, after, any, given, machine, token};

#[test]
fn a_process_that_dies_leaves_its_names_dirty_and_the_next_goes_on() {
    let mut pool = Pool::new(1);
    pool.ask_all("a b@2 c", any(1));
    assert_eq!(
        pool.does(machine(1), Request::Died(token("a"))),
        Outcome::Done
    );
    pool.is("db-0:b", "c");
    assert_eq!(pool.state("db-0"), State::Dirty);
    let reason = pool.document.names["db-0"].record.reason.as_deref();
    assert_eq!(reason, Some("`a` ended while it held it"));
    assert_eq!(
        pool.does(machine(1), Request::Died(token("c"))),
        Outcome::Done
    );
    pool.is("db-0:b", "");
    let told = pool.told();
    assert_eq!(told[told.len() - 2..], ["died db-0 a", "acquired db-0 b"]);
}

#[test]
fn a_machine_that_is_dead_loses_all_it_held_and_waited_for() {
    let mut pool = Pool::new(2);
    pool.ask_all("a@2 b@2", any(1));
    pool.ask_all("c@2 d e", any(1));
    pool.ask("f@2", given("db-0"));
    pool.bury(machine(2));
    pool.settle(1);
    pool.is("db-0:d db-1:e", "");
    assert_eq!(pool.state("db-1"), State::Dirty);
}

#[test]
fn a_machine_that_was_declared_dead_changes_nothing() {
    let mut pool = Pool::new(1);
    pool.ask_all("a@2 b", any(1));
    pool.bury(machine(2));
    let refused = Outcome::Refused(Refusal::Dead);
    assert_eq!(pool.ask("c@2", any(1)), refused);
    assert_eq!(pool.settle(2), refused);
    pool.is("db-0:b", "");
}

#[test]
fn a_name_is_as_its_writer_or_its_worst_reader_left_it() {
    let release = |pool: &mut Pool, who: &str, after: After| {
        let (token, name) = (token(who), "db-0".to_owned());
        pool.does(machine(1), Request::Release { token, name, after })
    };
    let mut pool = Pool::new(1);
    pool.ask("a", any(1));
    release(&mut pool, "a", after(State::Dirty));
    assert_eq!(pool.state("db-0"), State::Dirty);
    // A reader does not make it better, and one that never made it ready changes nothing.
    pool.ask("b", any(1).shared());
    release(&mut pool, "b", after(State::Clean));
    assert_eq!(pool.state("db-0"), State::Dirty);
    pool.ask("c", any(1));
    let as_it_was = After {
        as_it_was: true,
        ..after(State::Clean)
    };
    release(&mut pool, "c", as_it_was);
    assert_eq!(pool.state("db-0"), State::Dirty);
    pool.ask("d", any(1));
    release(&mut pool, "d", after(State::Clean));
    assert_eq!(pool.state("db-0"), State::Clean);
    assert_eq!(release(&mut pool, "d", after(State::Dirty)), Outcome::Gone);
}

#[test]
fn what_a_reader_changes_does_not_undo_what_another_one_has() {
    let mut pool = Pool::new(1);
    pool.ask("a", any(1).shared());
    pool.share("a");
    pool.ask("b", any(1).shared());
    let was = pool.document.names["db-0"].record.clone();
    let change = |who: &str, reason: &str| Request::Change {
        token: token(who),
        name: "db-0".to_owned(),
        was: Box::new(was.clone()),
        record: Box::new(Record {
            reason: Some(reason.to_owned()),
            ..was.clone()
        }),
    };
    assert_eq!(pool.does(machine(1), change("a", "one")), Outcome::Done);
    assert_eq!(pool.does(machine(1), change("b", "two")), Outcome::Changed);
    assert_eq!(pool.does(machine(1), change("x", "two")), Outcome::Gone);
}

/// What the engine does with hooks, in the words of the register.
struct Run<'a> {
    process: &'a str,
    reaper: &'a str,
    run: &'a str,
}

impl Run<'_> {
    /// A process uses the pool, and a reaper stands by.
    fn begin(&self, pool: &mut Pool) {
        let alive = format!("#alive {}", self.run);
        let part = pool.ask(self.process, given(&alive).shared());
        assert_eq!(part, Outcome::Granted);
        let reaper = pool.ask(self.reaper, given(&format!("#reaper {}", self.run)).tried());
        assert_eq!(reaper, Outcome::Granted);
    }

    /// Its reaper waits for the process, and for other reapers.
    fn end(&self, pool: &mut Pool) {
        pool.ask(
            &format!("over{}", self.reaper),
            given(&format!("#alive {}", self.run)),
        );
        pool.end(self.process);
        pool.ask(&format!("turn{}", self.reaper), given("#turn"));
    }
}

#[test]
fn the_last_live_run_of_all_machines_takes_down_what_the_first_has_set_up() {
    let one = Run {
        process: "p1@1",
        reaper: "r1@1",
        run: "one",
    };
    let two = Run {
        process: "p2@2",
        reaper: "r2@2",
        run: "two",
    };
    let mut pool = Pool::new(1);
    one.begin(&mut pool);
    // One process at a time has the pool's life: it sets up, and says so.
    let life = |value: &str, holder: &str| Request::Note {
        key: "life".to_owned(),
        was: None,
        value: Some(value.to_owned()),
        holding: Some((token(holder), "#life".to_owned())),
    };
    assert_eq!(pool.ask("s1@1", given("#life")), Outcome::Granted);
    assert_eq!(pool.ask("s2@2", given("#life")), Outcome::Waiting);
    assert_eq!(pool.does(machine(2), life("mine", "s2")), Outcome::Gone);
    assert_eq!(pool.does(machine(1), life("done", "s1")), Outcome::Done);
    pool.end("s1@1");
    assert_eq!(pool.ask("s2@2", given("#life")), Outcome::Granted);
    assert_eq!(pool.does(machine(2), life("anew", "s2")), Outcome::Changed);
    pool.end("s2@2");
    two.begin(&mut pool);
    one.end(&mut pool);
    // The first run is over, and not the last.
    assert!(!pool.document.is_running("one") && pool.document.is_alive("one"));
    assert!(pool.document.is_running("two"));
    two.end(&mut pool);
    assert!(!pool.document.is_running("two"));
    // One reaper cleans at a time.
    pool.is(
        "#alive one:overr1 #alive two:overr2 #reaper one:r1 #reaper two:r2 #turn:turnr1",
        "turnr2=#turn!",
    );
}

#[test]
fn a_run_whose_machine_is_dead_is_over_and_leaves_its_part_to_the_next() {
    let dead = Run {
        process: "p2@2",
        reaper: "r2@2",
        run: "two",
    };
    let mut pool = Pool::new(1);
    dead.begin(&mut pool);
    pool.ask("s2@2", given("#life"));
    pool.ask("a@2", any(1));
    assert_eq!(pool.ask("s1@1", given("#life")), Outcome::Waiting);
    assert_eq!(pool.ask("b@1", any(1)), Outcome::Waiting);
    pool.bury(machine(2));
    pool.settle(1);
    // Whoever comes next has the life, a dirty name, and finds no live run of before.
    pool.is("#life:s1 db-0:b", "");
    assert_eq!(pool.state("db-0"), State::Dirty);
    assert!(!pool.document.is_alive("two"));
}

#[test]
fn locks_hold_up_no_names_and_nothing_is_left_of_a_run() {
    let mut pool = Pool::new(1);
    pool.ask("p", given("#alive run").shared());
    pool.ask("q@2", given("#alive run").shared());
    pool.ask("s", given("#life"));
    pool.ask("t", given("#life"));
    assert_eq!(pool.ask("a", any(1)), Outcome::Granted);
    assert_eq!(pool.told(), ["acquired db-0 a"], "locks are no events");
    for who in ["p", "q@2", "s", "t", "a"] {
        pool.end(who);
    }
    let left: Vec<_> = pool.document.names.keys().collect();
    assert_eq!(left, ["db-0"]);
    // And yet a later lock has a higher fence.
    pool.ask("s", given("#life"));
    assert_eq!(pool.hold("s").fence, 3);
}

#[test]
fn a_process_joins_its_run_while_others_wait_for_the_end_of_that() {
    let mut pool = Pool::new(1);
    let (share, alone) = (|| given("#alive run").shared(), || given("#alive run"));
    pool.ask("p", share());
    assert_eq!(pool.ask("r", alone()), Outcome::Waiting);
    assert_eq!(pool.ask("s@2", alone()), Outcome::Waiting);
    // As with the lock of a file: the reaper waits for it, too.
    assert_eq!(pool.ask("q@2", share()), Outcome::Granted);
    pool.end("p");
    pool.is("#alive run:(q)", "r=#alive run! s=#alive run!");
    pool.end("q@2");
    pool.is("#alive run:r", "s=#alive run!");
    // Who shares it waits for who has it alone.
    assert_eq!(pool.ask("q@2", share()), Outcome::Waiting);
    pool.end("r");
    pool.is("#alive run:s", "q=#alive run!");
}
