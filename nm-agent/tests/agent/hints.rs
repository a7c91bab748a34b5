//! Hints: that they bring a hand-over forward, that nothing depends on them, and who pays.

use std::fs;

use nm_agent::wire::{Answer, Ask, Join};
use nm_register::{Access, Code, Place};

use crate::instance::shared;
use crate::machine::Site;
use crate::process::{Held, Process, join, wants};

const ROUNDS: usize = 20;

/// `told` has what was told from now on. `passes`: it is told to those who listen, too.
fn spy(site: &Site, database: &str, passes: bool) {
    site.execute("CREATE SCHEMA spy; CREATE TABLE spy.told (said text)");
    spies(site, passes);
    site.execute(&format!(
        "ALTER DATABASE {database} SET search_path = spy, pg_catalog, public"
    ));
}

/// Whether the spy passes on what it is told from now on.
fn spies(site: &Site, passes: bool) {
    let pass = match passes {
        true => "PERFORM pg_catalog.pg_notify(channel, said);",
        false => "",
    };
    site.execute(&format!(
        "CREATE OR REPLACE FUNCTION spy.pg_notify(channel text, said text) RETURNS void \
         LANGUAGE plpgsql AS $$ BEGIN INSERT INTO spy.told VALUES (said); {pass} END $$"
    ));
}

const HINTS: &str = "SELECT count(*)::int FROM spy.told WHERE said LIKE '[%'";

/// So many machines are known to hear hints.
const HEAR: &str = "SELECT count(*)::int FROM name_manager.session WHERE who ? 'hears'";

/// Whether it was tried as often whether hints come.
fn echoes(count: usize) -> String {
    format!("SELECT (count(*) >= {count})::int FROM spy.told WHERE said NOT LIKE '[%'")
}

/// The name goes from one machine to the other: one holds it, the other waits, and `then`
/// something happens beside the release.
fn hand_over(from: (&mut Process, &Held), to: (&mut Process, &Held), then: impl FnOnce()) {
    let ((from, held), (to, wanted)) = (from, to);
    from.takes(held, "from");
    let id = to.ask(join(wanted, "to"));
    assert!(matches!(to.answer(id), Answer::Waiting(_)));
    then();
    assert_eq!(from.releases(held, "gcp-0"), Answer::Done);
    to.granted(id);
    assert_eq!(to.releases(wanted, "gcp-0"), Answer::Done);
}

/// The statements that a database is asked from now on are to be counted.
fn count(site: &Site, database: &str) {
    site.execute("ALTER SYSTEM SET log_line_prefix = '%m [%p] of %d '");
    site.execute(&format!(
        "SELECT pg_reload_conf(); ALTER DATABASE {database} SET log_statement = 'all'"
    ));
}

/// So many of that kind there were.
fn asked(database: &str, kind: &str) -> usize {
    let log = fs::read_to_string(shared().unwrap().log()).unwrap();
    let whose = format!(" of {database} ");
    let all = log.lines().filter(|line| line.contains(&whose));
    all.filter(|line| line.contains(kind)).count()
}

/// A look at pools, and a read of one.
const GLANCE: &str = "SELECT p.space, p.pool, p.tag";
const READ: &str = "p.tag::text, p.doc, p.line";

#[test]
fn a_machine_that_is_told_looks_seldom() {
    let Some(site) = Site::new("hinted") else {
        return;
    };
    count(&site, "hinted");
    let (one, two) = (site.machine("ci-1"), site.machine("ci-2"));
    let (mut a, mut b) = (one.process(), two.process());
    let tokens = [a.token(), b.token()];
    hand_over((&mut a, &tokens[0]), (&mut b, &tokens[1]), || {
        site.until(HEAR, 1);
        let (glances, reads) = (asked("hinted", GLANCE), asked("hinted", READ));
        // One a second.
        while asked("hinted", READ) < reads + 3 {}
        // Whoever merely polls looks forty times a second.
        let glances = asked("hinted", GLANCE) - glances;
        assert!(glances < 3 * 20, "{glances}");
    });
}

#[test]
fn a_machine_that_is_told_of_a_grant_need_not_read_the_pool() {
    let Some(site) = Site::new("unread") else {
        return;
    };
    count(&site, "unread");
    let (one, two) = (site.machine("ci-1"), site.machine("ci-2"));
    let (mut a, mut b) = (one.process(), two.process());
    let mut least = usize::MAX;
    for _ in 0..ROUNDS {
        let tokens = [a.token(), b.token()];
        a.takes(&tokens[0], "a");
        let id = b.ask(join(&tokens[1], "b"));
        assert!(matches!(b.answer(id), Answer::Waiting(_)));
        site.until(HEAR, 1);
        // So that its machine need not read the pool to release the name.
        a.look();
        let before = asked("unread", READ);
        assert_eq!(a.releases(&tokens[0], "gcp-0"), Answer::Done);
        b.granted(id);
        least = least.min(asked("unread", READ) - before);
        assert_eq!(b.releases(&tokens[1], "gcp-0"), Answer::Done);
    }
    assert_eq!(least, 0);
}

#[test]
fn whoever_waits_is_told_of_the_pools_code_without_a_read() {
    let Some(site) = Site::new("coded") else {
        return;
    };
    count(&site, "coded");
    let (one, two) = (site.machine("ci-1"), site.machine("ci-2"));
    let (mut a, mut b) = (one.process(), two.process());
    let code = Code {
        resource: Some(Place {
            krate: "app".to_owned(),
            place: "src/lib.rs:1".to_owned(),
            commands: None,
        }),
        allocator: None,
    };
    a.asks(Ask::Declare(code.clone()));
    let (held, wanted) = (a.token(), b.token());
    a.takes(&held, "a");
    let id = b.ask(join(&wanted, "b"));
    assert!(matches!(b.answer(id), Answer::Waiting(_)));
    let mut least = usize::MAX;
    for _ in 0..ROUNDS {
        let before = asked("coded", READ);
        assert_eq!(b.asks(Ask::Code), Answer::Code(code.clone()));
        least = least.min(asked("coded", READ) - before);
    }
    assert_eq!(least, 0);
    // Who does not wait is told what there is now.
    a.asks(Ask::Declare(code.clone()));
    let before = asked("coded", READ);
    assert_eq!(a.asks(Ask::Code), Answer::Code(code));
    assert!(asked("coded", READ) > before);
}

#[test]
fn a_message_says_what_was_read_lately() {
    let Some(site) = Site::new("brief") else {
        return;
    };
    count(&site, "brief");
    let one = site.machine("ci-1");
    let (mut a, mut b) = (one.process(), one.process());
    let tokens = [a.token(), a.token(), b.token(), b.token()];
    let held = a.takes(&tokens[0], "a").hold;
    for token in &tokens[1..] {
        let waits = b.asks(join(token, "b"));
        assert!(matches!(waits, Answer::Waiting(_)), "{waits:?}");
    }
    let all = b.look();
    assert_eq!((all.holds.len(), all.line.len()), (1, 3));
    let mut least = usize::MAX;
    for _ in 0..ROUNDS {
        let before = asked("brief", READ);
        let Answer::Look(brief) = b.asks(Ask::Brief) else {
            panic!("it is another answer");
        };
        least = least.min(asked("brief", READ) - before);
        assert_eq!(brief.holds, std::slice::from_ref(&held));
        assert_eq!(brief.line, all.line[..1]);
    }
    assert_eq!(least, 0);
    // A look is one.
    let before = asked("brief", READ);
    b.look();
    assert!(asked("brief", READ) > before);
}

#[test]
fn a_machine_that_hears_nothing_is_told_nothing_and_looks() {
    let Some(site) = Site::new("unheard") else {
        return;
    };
    spy(&site, "unheard", false);
    let (one, two) = (site.machine("ci-1"), site.machine("ci-2"));
    let (mut a, mut b) = (one.process(), two.process());
    for _ in 0..ROUNDS {
        let tokens = [a.token(), b.token()];
        hand_over((&mut a, &tokens[0]), (&mut b, &tokens[1]), || {
            site.until(&echoes(1), 1);
        });
    }
    site.until(HINTS, 0);
    site.until(HEAR, 0);
}

#[test]
fn hints_that_get_lost_are_harmless() {
    let Some(site) = Site::new("unhinted") else {
        return;
    };
    spy(&site, "unhinted", true);
    let (one, two) = (site.machine("ci-1"), site.machine("ci-2"));
    let (mut a, mut b) = (one.process(), two.process());
    for _ in 0..ROUNDS {
        let tokens = [a.token(), b.token()];
        hand_over((&mut a, &tokens[0]), (&mut b, &tokens[1]), || {
            site.until(HEAR, 1);
            spies(&site, false);
        });
    }
    site.until(HINTS, i32::try_from(ROUNDS).unwrap());
}

#[test]
fn hints_are_asked_for_anew_when_their_connection_is_gone() {
    let Some(site) = Site::new("rehinted") else {
        return;
    };
    spy(&site, "rehinted", true);
    let (one, two) = (site.machine("ci-1"), site.machine("ci-2"));
    let (mut a, mut b) = (one.process(), two.process());
    for round in 1..=5 {
        let tokens = [a.token(), b.token()];
        hand_over((&mut a, &tokens[0]), (&mut b, &tokens[1]), || {
            // Whether it has heard of itself is not to be seen.
            site.until(&echoes(round), 1);
            site.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'rehinted' \
                 AND pid <> pg_backend_pid()",
            );
        });
    }
}

#[test]
fn nobody_is_told_but_machines_that_are_served_by_another_one() {
    let Some(site) = Site::new("told") else {
        return;
    };
    spy(&site, "told", true);
    let (one, two) = (site.machine("ci-1"), site.machine("ci-2"));
    let (mut a, mut b, mut c) = (one.process(), two.process(), one.process());
    for _ in 0..3 {
        for process in [&mut a, &mut b] {
            let held = process.token();
            process.takes(&held, "alone");
            assert_eq!(process.releases(&held, "gcp-0"), Answer::Done);
        }
    }
    site.until("SELECT count(*)::int FROM spy.told", 0);
    // Between processes of one machine.
    let tokens = [a.token(), c.token()];
    hand_over((&mut a, &tokens[0]), (&mut c, &tokens[1]), || {});
    site.until(HINTS, 0);
    // Two readers of a machine that are served at once are told once; who waits on is not.
    let readers = [b.token(), b.token()];
    let (first, writer) = (a.token(), c.token());
    a.takes(&first, "writer");
    let shared = |held| {
        let access = Access::Shared;
        Ask::Join(Box::new(Join {
            access,
            ..wants(held, "reader")
        }))
    };
    let ids = [b.ask(shared(&readers[0])), b.ask(shared(&readers[1]))];
    for id in ids {
        assert!(matches!(b.answer(id), Answer::Waiting(_)));
    }
    // The first machine does, by now.
    site.until(HEAR, 2);
    let waits = c.ask(join(&writer, "writer"));
    assert!(matches!(c.answer(waits), Answer::Waiting(_)));
    assert_eq!(a.releases(&first, "gcp-0"), Answer::Done);
    b.granted(ids[0]);
    site.until(HINTS, 1);
}
