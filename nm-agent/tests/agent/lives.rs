//! Processes, agents and machines that end.

use std::fs::File;
use std::time::{Duration, SystemTime};

use nm_agent::wire::{Answer, Ask, Grant, Greeting, Join, Lock};
use nm_register::State;
use rustix::process::{Pid, Signal, kill_process};

use crate::child::Started;
use crate::machine::{Site, started};
use crate::process::{Held, Process, join, let_go, release_of, wants};

fn present(grant: &Grant, held: &Held) -> Ask {
    Ask::Present {
        holds: vec![grant.hold.clone()],
        waits: Vec::new(),
        locks: vec![(held.token, held.lock)],
    }
}

#[test]
fn a_killed_process_gives_its_name_back_to_another_machine() {
    let Some(site) = Site::new("killed") else {
        return;
    };
    let (one, two) = (site.machine("ci-1"), site.machine("ci-2"));
    let mut victim = Started::process(&one.dir, "victim");
    assert!(victim.line().contains("Granted"));
    // One that waits is as dead.
    let mut waits = Started::process(&one.dir, "second victim");
    assert!(waits.line().contains("Waiting"));
    let mut b = two.process();
    let held = b.token();
    let id = b.ask(join(&held, "b"));
    let Answer::Waiting(place) = b.answer(id) else {
        panic!("it is lent");
    };
    assert_eq!(place.behind, 1);
    waits.kill();
    assert!(matches!(b.answer(id), Answer::Waiting(place) if place.behind == 0));
    victim.kill();
    let grant = b.granted(id).remove(0);
    assert_eq!((grant.hold.fence, grant.record.state), (2, State::Dirty));
    let last = grant.record.last.unwrap();
    assert_eq!(
        (&*last.test, &*last.how),
        ("victim", "`victim` ended while it held it")
    );
    let left = std::fs::read_dir(one.dir.join("locks")).unwrap().count();
    assert_eq!(left, 0, "their files are gone");
}

#[test]
fn a_process_that_loses_its_connection_keeps_its_name() {
    let Some(site) = Site::new("reconnected") else {
        return;
    };
    let (one, two) = (site.machine("ci-1"), site.machine("ci-2"));
    let mut a = one.process();
    let held = a.token();
    let grant = a.takes(&held, "a");
    let mut b = two.process();
    let other = b.token();
    let id = b.ask(join(&other, "b"));
    assert!(matches!(b.answer(id), Answer::Waiting(_)));
    drop(a);
    let mut a = one.process();
    assert_eq!(a.asks(present(&grant, &held)), Answer::Done);
    assert_eq!(a.look().holds.len(), 1);
    assert_eq!(a.releases(&held, "gcp-0"), Answer::Done);
    assert_eq!(b.granted(id)[0].record.state, State::Clean);
}

#[test]
fn a_process_that_reads_nothing_is_hung_up_on_and_keeps_its_name() {
    let Some(site) = Site::new("reads_nothing") else {
        return;
    };
    let one = site.machine("ci-1");
    let mut a = one.process();
    let (held, other) = (a.token(), a.token());
    let grant = a.takes(&held, "a");
    // Answered at once, each time.
    let wrong = Join {
        lock: Lock {
            device: 0,
            inode: 1,
        },
        ..wants(&other, "wrong")
    };
    let mut asks = (0..200_000).map(|_| Ask::Join(Box::new(wrong.clone())));
    let hung_up = asks.any(|ask| a.try_ask_of("gcp", ask).is_err());
    assert!(hung_up, "the agent keeps all answers");
    let mut a = one.process();
    assert_eq!(a.asks(present(&grant, &held)), Answer::Done);
    assert_eq!(a.releases(&held, "gcp-0"), Answer::Done);
}

#[test]
fn what_a_killed_agent_left_is_taken_over_by_the_next_one() {
    let Some(site) = Site::new("next") else {
        return;
    };
    let (mut one, two) = (site.machine("ci-1"), site.machine("ci-2"));
    let mut a = one.process();
    let tokens = [a.token(), a.token()];
    let grant = a.takes(&tokens[0], "a");
    let waits = a.ask(join(&tokens[1], "second"));
    assert!(matches!(a.answer(waits), Answer::Waiting(_)));
    let mut b = two.process();
    let held = b.token();
    let id = b.ask(join(&held, "b"));
    assert!(matches!(b.answer(id), Answer::Waiting(place) if place.behind == 1));
    one.agent.kill();
    assert!(a.is_cut());
    one.next_agent(&site.url);
    let mut a = one.process();
    let again = Ask::Present {
        holds: vec![grant.hold],
        waits: vec![(77, wants(&tokens[1], "second"))],
        locks: vec![(tokens[0].token, tokens[0].lock)],
    };
    assert_eq!(a.asks(again), Answer::Done);
    assert_eq!(a.look().holds.len(), 1);
    assert_eq!(a.releases(&tokens[0], "gcp-0"), Answer::Done);
    let grant = a.granted(77).remove(0);
    assert_eq!((grant.hold.fence, &*grant.hold.who.test), (2, "second"));
    assert_eq!(a.releases(&tokens[1], "gcp-0"), Answer::Done);
    assert_eq!(b.granted(id)[0].hold.fence, 3);
}

#[test]
fn a_stopped_process_keeps_its_name_although_its_agent_was_killed() {
    let Some(site) = Site::new("adopted") else {
        return;
    };
    let (mut one, two) = (site.machine("ci-1"), site.machine("ci-2"));
    // It reads nothing after its grant, and presents itself to nobody.
    let mut stopped = Started::process(&one.dir, "stopped");
    assert!(stopped.line().contains("Granted"));
    let mut b = two.process();
    let held = b.token();
    let id = b.ask(join(&held, "b"));
    assert!(matches!(b.answer(id), Answer::Waiting(_)));
    one.agent.kill();
    one.next_agent(&site.url);
    // By the next session, once it has been taken over.
    site.until(
        "SELECT count(*)::int FROM name_manager.session s JOIN name_manager.pool p \
         ON p.doc::jsonb->'holds'->0->>'session' = replace(s.id::text, '-', '') \
         WHERE s.seen = (SELECT max(seen) FROM name_manager.session WHERE who->>'host' = 'ci-1')",
        1,
    );
    stopped.kill();
    let grant = b.granted(id).remove(0);
    let last = grant.record.last.unwrap();
    assert_eq!(last.how, "`stopped` ended while it held it");
}

#[test]
fn a_process_that_was_killed_with_its_agent_is_dead_to_the_next_one() {
    // Of a new file, too, which may be about to be locked if it is in no pool.
    for (database, is_old) in [("killed_old", true), ("killed_new", false)] {
        let Some(site) = Site::new(database) else {
            return;
        };
        let (mut one, two) = (site.machine("ci-1"), site.machine("ci-2"));
        let mut victim = Started::process(&one.dir, "victim");
        assert!(victim.line().contains("Granted"));
        one.agent.kill();
        victim.kill();
        for file in std::fs::read_dir(one.dir.join("locks")).unwrap() {
            let file = File::open(file.unwrap().path()).unwrap();
            if is_old {
                let old = SystemTime::now() - Duration::from_secs(3600);
                file.set_modified(old).unwrap();
            }
        }
        one.next_agent(&site.url);
        let mut b = two.process();
        let held = b.token();
        let last = b.takes(&held, "b").record.last.unwrap();
        assert_eq!(last.how, "`victim` ended while it held it");
    }
}

#[test]
fn a_release_that_an_agent_had_not_yet_made_is_made_by_the_next_one() {
    // Of a new file, too, which might be about to be locked; and if the server first fails.
    for (database, is_old, is_failed) in [
        ("unmade_old", true, false),
        ("unmade_new", false, false),
        ("unmade_failing", true, true),
    ] {
        let Some(site) = Site::new(database) else {
            return;
        };
        let (mut one, two) = (site.machine("ci-1"), site.machine("ci-2"));
        let (mut a, mut b) = (one.process(), two.process());
        let (mut held, other) = (a.token(), b.token());
        a.takes(&held, "a");
        let id = b.ask(join(&other, "b"));
        assert!(matches!(b.answer(id), Answer::Waiting(_)));
        // Nobody can change the pool meanwhile.
        site.execute("BEGIN; SELECT FROM name_manager.pool FOR UPDATE");
        held.note_release("gcp-0");
        assert_eq!(a.asks(let_go(held.token, "gcp-0")), Answer::Done);
        drop((a, held));
        one.agent.kill();
        site.execute("ROLLBACK");
        if is_failed {
            site.execute(&fails(database, 1));
        }
        let locks = one.dir.join("locks");
        for file in std::fs::read_dir(&locks).unwrap() {
            let file = File::open(file.unwrap().path()).unwrap();
            if is_old {
                let old = SystemTime::now() - Duration::from_secs(3600);
                file.set_modified(old).unwrap();
            }
        }
        one.next_agent(&site.url);
        let grant = b.granted(id).remove(0);
        assert_eq!(grant.record.state, State::Clean);
        if is_failed {
            site.until("SELECT (last_value > 1)::int FROM once.asked", 1);
        }
        let until = std::time::Instant::now() + Duration::from_secs(60);
        while std::fs::read_dir(&locks).unwrap().count() > 0 {
            assert!(std::time::Instant::now() < until, "its file stays");
            std::thread::yield_now();
        }
    }
}

#[test]
fn an_agent_that_never_learns_what_was_left_serves_others() {
    let Some(site) = Site::new("never_read") else {
        return;
    };
    let mut one = site.machine("ci-1");
    let mut a = one.process();
    let (held, other) = (a.token(), a.token());
    a.takes(&held, "a");
    one.agent.kill();
    site.execute(&fails("never_read", 1_000_000));
    one.next_agent(&site.url);
    let mut a = one.process();
    let id = a.ask_of("aws", join(&other, "b"));
    a.granted(id);
}

/// Connections that are made from now on fail so often when they first ask where a token is. A
/// number that was drawn stays so when all else is undone.
fn fails(database: &str, times: u32) -> String {
    format!(
        "CREATE SCHEMA once; CREATE SEQUENCE once.asked; \
         CREATE FUNCTION once.strpos(text, text) RETURNS int LANGUAGE plpgsql AS $$ BEGIN \
         IF length($2) = 32 AND nextval('once.asked') <= {times} THEN RAISE 'not now'; END IF; \
         RETURN pg_catalog.strpos($1, $2); END $$; \
         ALTER DATABASE {database} SET search_path = once, pg_catalog, public"
    )
}

#[test]
fn a_release_that_was_made_is_done_to_the_next_agent_too() {
    let Some(site) = Site::new("said_again") else {
        return;
    };
    let (mut one, two) = (site.machine("ci-1"), site.machine("ci-2"));
    let (mut a, mut b) = (one.process(), two.process());
    let tokens = [a.token(), b.token(), a.token()];
    let first = a.takes(&tokens[0], "a");
    assert_eq!(a.releases(&tokens[0], "gcp-0"), Answer::Done);
    let second = b.takes(&tokens[1], "b");
    one.agent.kill();
    one.next_agent(&site.url);
    let mut a = one.process();
    let again = |held: &Held, fence| release_of(held.token, "gcp-0", Some(fence));
    assert_eq!(a.asks(again(&tokens[0], first.hold.fence)), Answer::Done);
    // Nobody has released that one.
    let of_nobody = again(&tokens[2], second.hold.fence);
    assert_eq!(a.asks(of_nobody), Answer::Gone);
}

#[test]
fn a_machine_that_is_gone_is_declared_dead() {
    let Some(site) = Site::new("buried") else {
        return;
    };
    let (mut one, two) = (site.machine("ci-1"), site.machine("ci-2"));
    let mut victim = Started::process(&one.dir, "victim");
    assert!(victim.line().contains("Granted"));
    let mut b = two.process();
    let held = b.token();
    let id = b.ask(join(&held, "b"));
    one.agent.kill();
    victim.kill();
    let grant = b.granted(id).remove(0);
    let last = grant.record.last.unwrap();
    assert_eq!(
        last.how,
        "the machine of `victim` was not heard of any more"
    );
    // Those that nobody can present any more are lost.
    one.next_agent(&site.url);
    let mut a = one.process();
    let held = a.token();
    let mut old = grant.hold;
    (old.token, old.fence) = (held.token, 1);
    let old = Ask::Present {
        holds: vec![old],
        waits: Vec::new(),
        locks: vec![(held.token, held.lock)],
    };
    match a.asks(old) {
        Answer::Lost { leases, .. } => {
            assert_eq!(leases, [(held.token, "gcp-0".to_owned())]);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_machine_that_was_stopped_for_long_tells_its_processes_what_they_lost() {
    let Some(site) = Site::new("stopped") else {
        return;
    };
    let (one, two) = (site.machine("ci-1"), site.machine("ci-2"));
    let (mut a, mut b) = (one.process(), two.process());
    let tokens = [a.token(), a.token(), b.token()];
    a.takes(&tokens[0], "a");
    let waits = a.ask(join(&tokens[1], "second"));
    assert!(matches!(a.answer(waits), Answer::Waiting(_)));
    let pid = Pid::from_raw(one.agent.pid()).unwrap();
    let waits_there = b.ask(join(&tokens[2], "b"));
    assert!(matches!(b.answer(waits_there), Answer::Waiting(_)));
    kill_process(pid, Signal::STOP).unwrap();
    // Those who wait can be told whose machine it is.
    let (host, millis) = loop {
        if let Some(silent) = b.look().silent.pop() {
            break silent;
        }
    };
    assert_eq!(host, "ci-1");
    // More than a third of the lease, told in whole milliseconds.
    assert!(millis >= 5000 / 3, "{millis}");
    // Whose request of the stopped machine waits first: it goes, too.
    b.granted(waits_there);
    kill_process(pid, Signal::CONT).unwrap();
    match a.answer(0) {
        Answer::Lost { leases, why } => {
            assert_eq!(leases, [(tokens[0].token, "gcp-0".to_owned())]);
            assert!(why.contains("not heard of"), "{why}");
        }
        other => panic!("{other:?}"),
    }
    // What waits is asked again, by the machine's next session.
    assert!(matches!(a.answer(waits), Answer::Waiting(place) if place.behind == 0));
    assert_eq!(a.releases(&tokens[0], "gcp-0"), Answer::Gone);
    assert_eq!(b.releases(&tokens[2], "gcp-0"), Answer::Done);
    assert_eq!(a.granted(waits)[0].hold.fence, 3);
}

#[test]
fn one_agent_serves_a_directory_and_says_why_another_one_does_not() {
    let Some(site) = Site::new("one_agent") else {
        return;
    };
    let one = site.machine("ci-1");
    let mut second = Started::agent(&one.dir, "ci-1", &site.url);
    let line = second.line();
    assert!(
        line.contains("refused") && line.contains("another agent serves"),
        "{line}"
    );
    // The first has not noticed.
    let mut a = one.process();
    let held = a.token();
    a.takes(&held, "a");
    let nowhere = Started::agent(
        &one.dir.join("other"),
        "ci-1",
        "postgres://ci:secret@127.0.0.1:1/x",
    );
    let line = { nowhere }.line();
    assert!(
        line.contains("failed to connect to 127.0.0.1:1/x as ci"),
        "{line}"
    );
    assert!(!line.contains("secret"), "{line}");
    let (_, greeting) = Process::greet(&one.dir, 99);
    match greeting {
        Greeting::Refused(fault) => assert!(fault.message.contains("version"), "{fault:?}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn files_that_nobody_has_locked_are_removed_at_the_start() {
    let Some(site) = Site::new("stale") else {
        return;
    };
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().join("a-long-name-".repeat(12)).join("agent");
    let locks = dir.join("locks");
    std::fs::create_dir_all(&locks).unwrap();
    let old = SystemTime::now() - Duration::from_secs(3600);
    let file = |name: &str, time| {
        let file = File::create(locks.join(name)).unwrap();
        file.set_modified(time).unwrap();
        file
    };
    let (stale, lives, fresh, other) = ("1".repeat(32), "2".repeat(32), "3".repeat(32), "readme");
    file(&stale, old);
    let locked = file(&lives, old);
    rustix::fs::flock(&locked, rustix::fs::FlockOperation::LockExclusive).unwrap();
    file(&fresh, SystemTime::now());
    file(other, old);
    let _agent = started(&dir, "ci-1", &site.url);
    assert!(!locks.join(&stale).exists());
    for left in [&lives, &fresh, other] {
        assert!(locks.join(left).exists(), "{left}");
    }
    // A long path is no obstacle.
    assert!(dir.as_os_str().len() > 108 && dir.join("agent.sock").exists());
}

#[test]
fn an_agent_that_has_nothing_to_do_ends_and_leaves_nothing() {
    let Some(site) = Site::new("ends") else {
        return;
    };
    let mut one = site.machine("ci-1");
    let mut a = one.process();
    let held = a.token();
    a.takes(&held, "a");
    assert_eq!(a.releases(&held, "gcp-0"), Answer::Done);
    // After a minute, although somebody is connected.
    assert!(a.is_cut());
    assert!(!one.dir.join("agent.sock").exists());
    site.until("SELECT count(*)::int FROM name_manager.session", 0);
    one.next_agent(&site.url);
    let mut a = one.process();
    let held = a.token();
    assert_eq!(a.takes(&held, "a").hold.fence, 2);
}
