//! Names that are lent over machines.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use nm_agent::wire::{Answer, Ask, FaultKind, Join, Lock};
use nm_register::{Access, Names, Spec, Wanted};

use crate::instance::shared;
use crate::machine::{Machine, Site};
use crate::process::{join, let_go, release, wants};
use crate::proxy::Proxy;

#[test]
fn a_name_goes_from_machine_to_machine_in_order_of_arrival() {
    let Some(site) = Site::new("arrivals") else {
        return;
    };
    let (one, two) = (site.machine("ci-1"), site.machine("ci-2"));
    let (mut a, mut b, mut c) = (one.process(), two.process(), one.process());
    assert_eq!((&*a.welcome.host, a.welcome.lease), ("ci-1", 5000));
    let tokens = [a.token(), b.token(), c.token()];
    let first = a.takes(&tokens[0], "a");
    assert_eq!(
        (&*first.hold.name, first.hold.fence, first.index),
        ("gcp-0", 1, 0)
    );
    let second = b.ask(join(&tokens[1], "b"));
    let Answer::Waiting(place) = b.answer(second) else {
        panic!("it is lent");
    };
    assert_eq!((place.behind, place.first), (0, None));
    let third = c.ask(join(&tokens[2], "c"));
    let Answer::Waiting(place) = c.answer(third) else {
        panic!("it is lent");
    };
    let before = place.first.unwrap();
    assert_eq!(
        (place.behind, &*before.test, &*before.host),
        (1, "b", "ci-2")
    );
    assert_eq!(a.releases(&tokens[0], "gcp-0"), Answer::Done);
    let grant = b.granted(second).remove(0);
    assert_eq!((grant.hold.fence, &*grant.hold.who.host), (2, "ci-2"));
    let Answer::Waiting(place) = c.answer(third) else {
        panic!("it is lent");
    };
    assert_eq!((place.behind, place.first), (0, None));
    let look = c.look();
    assert_eq!((look.holds.len(), look.line.len()), (1, 1));
    assert_eq!(look.holds[0].who.test, "b");
    assert_eq!(b.releases(&tokens[1], "gcp-0"), Answer::Done);
    assert_eq!(c.granted(third).remove(0).hold.fence, 3);
    // Released once.
    assert_eq!(b.releases(&tokens[1], "gcp-0"), Answer::Gone);
    assert_eq!(c.releases(&tokens[2], "gcp-0"), Answer::Done);
}

#[test]
fn readers_share_and_those_who_do_not_wait_are_told() {
    let Some(site) = Site::new("share") else {
        return;
    };
    let (one, two) = (site.machine("ci-1"), site.machine("ci-2"));
    let (mut a, mut b) = (one.process(), two.process());
    let tokens = [a.token(), b.token(), b.token()];
    let shared = |held| {
        let access = Access::Shared;
        Ask::Join(Box::new(Join {
            access,
            ..wants(held, "reader")
        }))
    };
    let id = a.ask(shared(&tokens[0]));
    assert!(a.granted(id)[0].hold.alone);
    let token = tokens[0].token;
    let name = || "gcp-0".to_owned();
    assert_eq!(
        a.asks(Ask::Share {
            token,
            name: name()
        }),
        Answer::Done
    );
    let id = b.ask(shared(&tokens[1]));
    let grant = b.granted(id).remove(0);
    assert_eq!((grant.hold.fence, grant.others.len()), (2, 1));
    let at_once = Join {
        waits: false,
        ..wants(&tokens[2], "writer")
    };
    assert_eq!(b.asks(Ask::Join(Box::new(at_once))), Answer::Busy);
    // Who gives up is out of the line.
    let id = b.ask(join(&tokens[2], "writer"));
    assert!(matches!(b.answer(id), Answer::Waiting(_)));
    assert_eq!(b.asks(Ask::Leave(tokens[2].token)), Answer::Done);
    assert_eq!(b.look().line, []);
    let other = Join {
        spec: Some(Spec {
            names: Names::Listed(vec!["gcp-9".to_owned()]),
            place: "other.toml:1".to_owned(),
        }),
        ..wants(&tokens[2], "other")
    };
    match b.asks(Ask::Join(Box::new(other))) {
        Answer::Disagrees(spec) => assert_eq!(spec.place, "Cargo.toml:3"),
        other => panic!("{other:?}"),
    }
    // A file that the agent does not see proves nothing.
    let elsewhere = Join {
        lock: Lock {
            device: 0,
            inode: 1,
        },
        ..wants(&tokens[2], "elsewhere")
    };
    match b.asks(Ask::Join(Box::new(elsewhere))) {
        Answer::Fault(fault) => assert_eq!(fault.kind, FaultKind::Config),
        other => panic!("{other:?}"),
    }
}

#[test]
fn locks_notes_and_code_are_kept_for_all_machines() {
    let Some(site) = Site::new("notes") else {
        return;
    };
    let (one, two) = (site.machine("ci-1"), site.machine("ci-2"));
    let (mut a, mut b) = (one.process(), two.process());
    let held = a.token();
    let lock = "#alive run-1".to_owned();
    let alive = Join {
        wants: Wanted::Name(lock.clone()),
        access: Access::Shared,
        spec: None,
        ..wants(&held, "member")
    };
    let id = a.ask(Ask::Join(Box::new(alive)));
    assert_eq!(a.granted(id)[0].hold.name, lock);
    let run = || Ask::Run("run-1".to_owned());
    let is = |alive, running| Answer::Run { alive, running };
    assert_eq!(b.asks(run()), is(true, true));
    let note = |was: Option<&str>, value: &str| Ask::Note {
        key: "life".to_owned(),
        was: was.map(str::to_owned),
        value: Some(value.to_owned()),
        holding: Some((held.token, lock.clone())),
    };
    assert_eq!(a.asks(note(None, "one")), Answer::Done);
    assert_eq!(
        a.asks(note(None, "two")),
        Answer::Note(Some("one".to_owned()))
    );
    assert_eq!(
        b.asks(Ask::Noted("life".to_owned())),
        Answer::Note(Some("one".to_owned()))
    );
    assert_eq!(b.look().life.as_deref(), Some("one"));
    let events = |process: &mut crate::process::Process| match process.asks(Ask::Events(0)) {
        Answer::Events { events, last: true } => events,
        other => panic!("{other:?}"),
    };
    assert_eq!(events(&mut b), []);
    let second = b.token();
    let grant = b.takes(&second, "b");
    let mut log = events(&mut a);
    assert_eq!(log.len(), 1);
    assert_eq!(b.asks(Ask::Log(vec![log.remove(0)])), Answer::Done);
    // What is known of the name is changed by its holder.
    let mut record = grant.record.clone();
    record.created = 7;
    let change = |was, record| Ask::Change {
        token: second.token,
        name: "gcp-0".to_owned(),
        was: Box::new(was),
        record: Box::new(record),
    };
    assert_eq!(
        b.asks(change(grant.record.clone(), record.clone())),
        Answer::Done
    );
    let other = Default::default();
    assert_eq!(
        b.asks(change(grant.record, other)),
        Answer::Changed(Box::new(record))
    );
    assert_eq!(events(&mut a).len(), 2);
    assert_eq!(b.asks(release(second.token, "gcp-0")), Answer::Done);
    assert_eq!(a.asks(let_go(held.token, &lock)), Answer::Done);
    while b.asks(run()) != is(false, false) {}
}

#[test]
fn many_requests_of_two_machines_are_all_served() {
    let Some(site) = Site::new("many") else {
        return;
    };
    crowd(&[site.machine("ci-1"), site.machine("ci-2")], 1);
}

#[test]
fn a_machine_that_loses_every_race_for_a_row_locks_it() {
    let Some(site) = Site::new("races") else {
        return;
    };
    let proxy = Proxy::far(shared().unwrap().port, Duration::from_millis(20));
    let one = site.through(proxy.port).machine("ci-1");
    loses_every_race(site, &one);
}

/// Eight processes of two machines that take the name in turn, the first with this fence.
pub fn crowd(machines: &[Machine; 2], first: u64) {
    let alone = std::sync::Mutex::new(());
    let fences = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for number in 0..8 {
            let (machine, alone, fences) = (&machines[number % 2], &alone, &fences);
            scope.spawn(move || {
                let mut process = machine.process();
                for _ in 0..10 {
                    let held = process.token();
                    let grant = process.takes(&held, "worker");
                    let only = alone.try_lock().expect("nobody else holds the name");
                    fences.lock().unwrap().push(grant.hold.fence);
                    let ask = let_go(held.token, "gcp-0");
                    // Others may be granted it from now on.
                    drop(only);
                    assert_eq!(process.asks(ask), Answer::Done);
                }
            });
        }
    });
    let fences = fences.into_inner().unwrap();
    assert_eq!(fences, (first..first + 80).collect::<Vec<_>>());
}

/// Says so when it drops.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A machine that is so far from the server that others have changed a row many times between a
/// look and a change of what it has seen.
pub fn loses_every_race(site: Site, machine: &Machine) {
    let mut a = machine.process();
    let mut held = a.token();
    a.takes(&held, "a");
    let is_over = &AtomicBool::new(false);
    std::thread::scope(|scope| {
        // As by machines that are much nearer to the server.
        let races = scope.spawn(move || {
            site.execute("SET synchronous_commit = off");
            while !is_over.load(Ordering::Relaxed) {
                site.execute("UPDATE name_manager.pool SET tag = md5(random()::text)::uuid");
            }
        });
        // If this fails, too.
        let over = Over(is_over);
        for _ in 0..3 {
            assert_eq!(a.releases(&held, "gcp-0"), Answer::Done);
            held = a.token();
            a.takes(&held, "a");
        }
        drop(over);
        races.join().unwrap();
    });
    assert_eq!(a.look().holds[0].fence, 4);
}
