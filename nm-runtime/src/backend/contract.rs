//! What the traits promise, tried on each that implements them. What can be seen of it
//! from outside is in `tests/conformance`.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crate::backend::Backend;
use crate::backend::ask::{Answer, Ask, GivenName, Granted, RequestId};
use crate::backend::doubles::Noting;
use crate::backend::hold::{Ending, Hold};
use crate::backend::patience::Patience;
use crate::backend::snapshot::Snapshot;
use crate::base::error::Result;
use crate::local::Local;
use crate::memory::session::World;
use crate::terms::access::Access;
use crate::terms::code::{Code, PoolCode};
use crate::terms::declaration::Declaration;
use crate::terms::event::Kind;
use crate::terms::holder::Holder;
use crate::terms::names::Names;
#[cfg(feature = "tools")]
use crate::terms::pool_life::PoolLife;
use crate::terms::record::{Life, State, Tenure};
use crate::terms::want::Want;

/// One pool, opened twice: by two processes, or by what counts as two.
struct Pool {
    one: Side,
    other: Side,
    /// Removes the pool under both.
    remove: Box<dyn Fn()>,
}

#[derive(Clone)]
struct Side {
    backend: Arc<dyn Backend>,
    pid: u32,
    names: Names,
}

/// Where a removed file keeps its name as long as it is open, so does its directory; but that
/// can be renamed there.
fn remove_dir(path: &Path) {
    fs::remove_dir_all(path)
        .or_else(|_| fs::rename(path, path.with_extension("removed")))
        .unwrap();
}

/// Tries a claim on each backend, with a pool of so many names.
fn on_each(max: Option<u32>, claim: impl Fn(Pool)) {
    let names = Names::Numbered {
        template: "db-{index}".to_owned(),
        max,
    };
    let side = |backend, pid| Side {
        backend,
        pid,
        names: names.clone(),
    };
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().to_owned();
    let local = || {
        let local = Local::open(&state, &"db".into()).unwrap();
        side(Arc::new(local), std::process::id())
    };
    let pool = state.join("pools/db");
    claim(Pool {
        one: local(),
        other: local(),
        remove: Box::new(move || remove_dir(&pool)),
    });
    let world = World::new();
    let memory = || {
        let session = world.session("run");
        side(session.backend("db"), session.pid())
    };
    claim(Pool {
        one: memory(),
        other: memory(),
        remove: {
            let world = world.clone();
            Box::new(move || world.remove("db"))
        },
    });
}

/// What is asked for, in short.
#[derive(Clone, Copy)]
struct Short {
    access: Access,
    count: usize,
    name: Option<&'static str>,
    warm_first: bool,
    has_hooks: bool,
    first: usize,
}

const ANY: Short = Short {
    access: Access::Exclusive,
    count: 1,
    name: None,
    warm_first: false,
    has_hooks: true,
    first: 0,
};

const SHARED: Short = Short {
    access: Access::Shared,
    ..ANY
};

const DB_0: Short = Short {
    name: Some("db-0"),
    ..ANY
};

impl Side {
    fn holder(&self, test: &str) -> Holder {
        Holder {
            test: test.to_owned(),
            pid: self.pid,
            pid_namespace: None,
            token: format!("{}-{test}", self.pid),
            run: "run".to_owned(),
            file: String::new(),
            line: 0,
            since: 0,
            host: None,
        }
    }

    fn with<T>(&self, test: &str, short: Short, ask: impl FnOnce(&Ask<'_>) -> T) -> T {
        let want = Want {
            access: short.access,
            name: short.name.map(str::to_owned),
            ..Want::default()
        };
        ask(&Ask {
            pool: "db",
            names: &self.names,
            want: &want,
            count: short.count,
            holder: &self.holder(test),
            request: RequestId::next(self.pid),
            given: short.name.map(|name| GivenName {
                index: self.names.index_of(name).unwrap(),
                name,
            }),
            first: short.first,
            has_hooks: short.has_hooks,
            has_allocator: false,
            warm_first: short.warm_first,
            even_broken: false,
            decide: None,
            allocator: None,
        })
    }

    fn try_(&self, test: &str, short: Short) -> Option<Vec<Granted>> {
        match self.with(test, short, |ask| self.backend.try_acquire(ask)) {
            Ok(Answer::Granted(granted)) => Some(granted),
            Ok(Answer::Busy) => None,
            Ok(Answer::Gone) => panic!("the pool is there"),
            Err(error) => panic!("{error:?}"),
        }
    }

    fn acquire(&self, test: &str, short: Short, patience: &mut dyn Patience) -> Result<Answer> {
        self.with(test, short, |ask| self.backend.acquire(ask, patience))
    }

    fn snapshot(&self) -> Snapshot {
        let snapshot = self.backend.snapshot(self.backend.key());
        snapshot.unwrap().expect("it can look at its own pool")
    }

    fn state(&self, name: &str) -> State {
        let names = self.snapshot().names;
        let mut named = names.into_iter().filter(|known| known.name == name);
        named.next().unwrap().record.unwrap().state
    }

    fn kinds(&self) -> Vec<Kind> {
        let events = self.backend.events(0).unwrap();
        events.map(|event| event.unwrap().kind).collect()
    }
}

fn names(granted: &[Granted]) -> Vec<&str> {
    granted.iter().map(|granted| granted.hold.name()).collect()
}

fn end(granted: Vec<Granted>) {
    for granted in granted {
        end_as(granted.hold, State::Clean, false);
    }
}

fn end_as(hold: Box<dyn Hold>, state: State, as_it_was: bool) {
    let name = hold.name().to_owned();
    let ending = Ending {
        pool: "db",
        name: &name,
        state,
        reason: None,
        as_it_was,
        durable: true,
    };
    hold.end(ending).unwrap();
}

fn granted(answer: Result<Answer>) -> Vec<Granted> {
    match answer {
        Ok(Answer::Granted(granted)) => granted,
        Ok(Answer::Busy | Answer::Gone) => panic!("names were to be had"),
        Err(error) => panic!("{error:?}"),
    }
}

/// Looks until there is something to see.
fn until<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(started.elapsed() < Duration::from_secs(20), "never seen");
        thread::yield_now();
    }
}

#[test]
fn what_is_free_asks_no_patience() {
    on_each(Some(2), |Pool { one, .. }| {
        let (mut patience, notes) = Noting::until(Instant::now());
        for short in [ANY, SHARED, DB_0, Short { count: 2, ..ANY }] {
            end(granted(one.acquire("a", short, &mut patience)));
        }
        assert_eq!(notes.try_iter().next(), None);
        let waited = one.backend.events(0).unwrap().map(|event| event.unwrap());
        assert!(
            waited
                .filter_map(|event| event.waited)
                .all(|waited| waited == 0)
        );
    });
}

#[test]
fn a_waiter_in_the_queue_says_that_it_blocks_and_is_served() {
    on_each(Some(1), |Pool { one, other, .. }| {
        let held = one.try_("holder", ANY).unwrap();
        thread::scope(|scope| {
            let (mut patience, notes) = Noting::new();
            let waiter = scope.spawn(move || {
                end(granted(other.acquire("waiter", ANY, &mut patience)));
            });
            assert_eq!(notes.recv().unwrap(), "blocked");
            end(held);
            waiter.join().unwrap();
            assert_eq!(notes.try_iter().next(), None);
        });
        let last = one.backend.events(0).unwrap().map(|event| event.unwrap());
        let acquired = last.filter(|event| event.kind == Kind::Acquired);
        let waited: Vec<_> = acquired.filter_map(|event| event.waited).collect();
        assert_eq!(waited, [0, 7_000_000]);
    });
}

#[test]
fn a_waiter_for_a_given_name_says_where_it_waits() {
    on_each(Some(1), |Pool { one, other, .. }| {
        let held = one.try_("holder", ANY).unwrap();
        thread::scope(|scope| {
            let wait = |side: &Side, test: &'static str| {
                let (mut patience, notes) = Noting::new();
                let side = side.clone();
                let waiter = scope.spawn(move || {
                    end(granted(side.acquire(test, DB_0, &mut patience)));
                });
                (waiter, notes)
            };
            let (first, first_notes) = wait(&one, "first");
            assert_eq!(first_notes.recv().unwrap(), "blocked");
            assert_eq!(first_notes.recv().unwrap(), "reserved");
            assert!(one.snapshot().names[0].reserved);
            let (second, second_notes) = wait(&other, "second");
            assert_eq!(second_notes.recv().unwrap(), "blocked");
            assert_eq!(second_notes.recv().unwrap(), "beside");
            end(held);
            first.join().unwrap();
            second.join().unwrap();
            assert_eq!(second_notes.recv().unwrap(), "reserved");
        });
        assert!(!one.snapshot().names[0].reserved);
    });
}

#[test]
fn a_request_whose_patience_ends_leaves_nothing_behind() {
    on_each(Some(1), |Pool { one, other, .. }| {
        let held = one.try_("holder", ANY).unwrap();
        for short in [ANY, SHARED, DB_0] {
            let (mut patience, _notes) = Noting::until(Instant::now());
            let answer = other.acquire("waiter", short, &mut patience);
            assert!(answer.err().is_some_and(|error| error.is_timeout()));
        }
        end(held);
        // A lock request that was abandoned may be granted for a moment.
        end(until(|| other.try_("other", ANY)));
        use Kind::{Acquired, Released};
        assert_eq!(one.kinds(), [Acquired, Released, Acquired, Released]);
    });
}

#[test]
fn a_head_that_waits_shows_what_it_has_and_how_many_more_it_wants() {
    on_each(Some(3), |Pool { one, other, .. }| {
        let held = one.try_("holder", DB_0).unwrap();
        thread::scope(|scope| {
            let (mut patience, _notes) = Noting::new();
            let all = Short { count: 3, ..ANY };
            let waiter = scope.spawn(move || {
                let answer = other.acquire("waiter", all, &mut patience);
                assert_eq!(names(&granted(answer)), ["db-0", "db-1", "db-2"]);
            });
            let head = until(|| one.snapshot().head);
            assert_eq!(head.holder.test, "waiter");
            assert_eq!(head.taken, ["db-1", "db-2"]);
            assert_eq!(head.waiting.count, 1);
            assert_eq!(head.waiting.dir, one.backend.key());
            end(held);
            waiter.join().unwrap();
        });
        assert!(one.snapshot().head.is_none());
    });
}

#[test]
fn a_hold_that_is_dropped_frees_its_name_as_death_does() {
    on_each(Some(1), |Pool { one, other, .. }| {
        drop(one.try_("dropped", ANY).unwrap());
        let next = other.try_("next", ANY).expect("it is free");
        assert_eq!(other.state("db-0"), State::Dirty);
        end(next);
        use Kind::{Acquired, Died, Released};
        assert_eq!(one.kinds(), [Acquired, Died, Acquired, Released]);
    });
}

#[test]
fn what_was_never_made_ready_stays_as_it_was() {
    on_each(Some(1), |Pool { one, .. }| {
        for access in [Access::Exclusive, Access::Shared] {
            let short = Short { access, ..ANY };
            for (ends_as, as_it_was, then) in [
                (State::Dirty, false, State::Dirty),
                (State::Clean, true, State::Dirty),
                (State::Broken, true, State::Dirty),
            ] {
                let lease = one.try_("a", short).unwrap().remove(0);
                end_as(lease.hold, ends_as, as_it_was);
                assert_eq!(one.state("db-0"), then, "{access:?}");
            }
        }
    });
}

#[test]
fn a_reader_has_the_name_alone_until_it_shares_it() {
    on_each(Some(1), |Pool { one, other, .. }| {
        let mut first = one.try_("first", SHARED).unwrap();
        assert!(first[0].alone);
        assert!(other.try_("second", SHARED).is_none());
        assert!(first[0].hold.share().unwrap());
        let mut second = other.try_("second", SHARED).expect("it is shared");
        assert!(!second[0].alone);
        assert!(other.try_("writer", ANY).is_none());
        // Both may change the record, each beside the other.
        for (lease, run) in [(&mut first[0], "one"), (&mut second[0], "other")] {
            let mut change = |record: &mut crate::terms::record::Record| {
                let life = record.life.get_or_insert_default();
                life.runs.push(run.to_owned());
            };
            lease.hold.amend(&mut change).unwrap();
        }
        end(first);
        end(second);
        let mut writer = other.try_("writer", ANY).expect("nobody reads it any more");
        let life = writer[0].hold.record().life.clone();
        assert_eq!(life.unwrap().runs, ["one", "other"]);
    });
}

#[test]
fn what_is_granted_bears_the_record_as_it_was_saved() {
    on_each(Some(1), |Pool { one, other, .. }| {
        let mut lease = one.try_("a", ANY).unwrap();
        lease[0].hold.record().life = Some(Life {
            done: true,
            runs: vec!["run".to_owned()],
            ..Life::default()
        });
        lease[0].hold.save().unwrap();
        // It is not ended: what was saved stands.
        drop(lease);
        let mut next = other.try_("b", ANY).unwrap();
        let record = next[0].hold.record();
        assert!(record.is_warm("run", &mut |_| Ok(false)).unwrap());
        assert_eq!(record.fence, 2);
        assert_eq!(record.holders.len(), 1);
        assert_eq!(record.holders[0].holder.test, "b");
        assert_ne!(record.holders[0].holder.since, 0);
    });
}

#[test]
fn warm_names_are_lent_before_cold_ones_and_the_lowest_first() {
    let warm = |side: &Side, name: &'static str, run: &str| {
        let short = Short {
            name: Some(name),
            ..ANY
        };
        let mut lease = side.try_("a", short).unwrap();
        lease[0].hold.record().life = Some(Life {
            done: true,
            runs: vec![run.to_owned()],
            ..Life::default()
        });
        end(lease);
    };
    for max in [Some(4), None] {
        on_each(max, |Pool { one, other, .. }| {
            // Each was lent, and so has a record.
            end(one.try_("a", Short { count: 4, ..ANY }).unwrap());
            warm(&one, "db-1", "over");
            warm(&one, "db-2", "run");
            warm(&one, "db-3", "live");
            let runs = one.backend.runs().unwrap();
            let _live = runs.join("live", &mut Noting::new().0).unwrap();
            let take = |count, warm_first| {
                let short = Short {
                    count,
                    warm_first,
                    ..ANY
                };
                let leases = other.try_("b", short).unwrap();
                let names: Vec<_> = names(&leases).into_iter().map(str::to_owned).collect();
                end(leases);
                names
            };
            assert_eq!(take(1, false), ["db-0"]);
            assert_eq!(take(1, true), ["db-2"]);
            assert_eq!(take(2, true), ["db-2", "db-3"]);
            assert_eq!(take(3, true), ["db-0", "db-2", "db-3"]);
            assert_eq!(take(4, true), ["db-0", "db-1", "db-2", "db-3"]);
        });
    }
}

#[test]
fn a_process_without_the_hooks_is_lent_nothing_once_they_are_declared() {
    let hooks = |place: &str| PoolCode {
        resource: Some(Code {
            krate: "testing".to_owned(),
            place: place.to_owned(),
            commands: None,
        }),
        ..PoolCode::default()
    };
    let without = Short {
        has_hooks: false,
        ..ANY
    };
    on_each(Some(1), |Pool { one, other, .. }| {
        end(one.try_("a", without).unwrap());
        end(other.try_("b", without).unwrap());
        assert_eq!(one.backend.code().unwrap(), PoolCode::default());
        let known = one.backend.declare_code(&hooks("a.rs:1")).unwrap();
        assert_eq!(known.resource, None);
        let known = other.backend.declare_code(&hooks("a.rs:2")).unwrap();
        assert_eq!(known.resource, hooks("a.rs:1").resource);
        assert_eq!(
            other.backend.code().unwrap().resource,
            hooks("a.rs:2").resource
        );
        let mut with = one.try_("a", ANY).unwrap();
        with[0].hold.record().state = State::Dirty;
        with[0].hold.save().unwrap();
        end_as(with.remove(0).hold, State::Dirty, true);
        let kinds = one.kinds();
        for given in [None, Some("db-0")] {
            let short = Short {
                name: given,
                ..without
            };
            let refused = other.with("b", short, |ask| other.backend.try_acquire(ask));
            let error = refused.err().unwrap();
            assert!(error.is_config(), "{error}");
            assert!(error.to_string().contains("at a.rs:2"), "{error}");
        }
        assert_eq!((one.state("db-0"), one.kinds()), (State::Dirty, kinds));
        end(one.try_("a", ANY).unwrap());
    });
}

#[cfg(feature = "tools")]
#[test]
fn hooks_are_forgotten_with_the_names_unless_a_run_has_them() {
    let hooks = PoolCode {
        resource: Some(Code {
            krate: "testing".to_owned(),
            place: "a.rs:1".to_owned(),
            commands: None,
        }),
        ..PoolCode::default()
    };
    on_each(Some(1), |Pool { one, other, .. }| {
        one.backend.declare_code(&hooks).unwrap();
        let runs = one.backend.runs().unwrap();
        let (mut patience, _notes) = Noting::until(Instant::now());
        let joined = runs.join("live", &mut patience).unwrap();
        let turn = runs.life(None).unwrap();
        let life = PoolLife {
            runs: vec!["live".to_owned()],
            ..PoolLife::default()
        };
        turn.write(&life).unwrap();
        drop(turn);
        let forget = || {
            let holder = other.holder("b");
            other.backend.forget(&holder, false).unwrap();
            other.backend.code().unwrap().resource
        };
        assert_eq!(forget(), hooks.resource);
        drop(joined);
        assert_eq!(forget(), None);
    });
}

#[test]
fn the_guess_of_a_runner_is_tried_first() {
    on_each(Some(3), |Pool { one, .. }| {
        let guess = Short { first: 2, ..ANY };
        let first = one.try_("a", guess).unwrap();
        let second = one.try_("b", guess).unwrap();
        assert_eq!(
            (names(&first), names(&second)),
            (vec!["db-2"], vec!["db-0"])
        );
    });
}

#[test]
fn an_unbounded_pool_makes_as_many_names_as_are_asked_for() {
    for warm_first in [false, true] {
        for access in [Access::Exclusive, Access::Shared] {
            on_each(None, |Pool { one, .. }| {
                let three = Short {
                    access,
                    count: 3,
                    warm_first,
                    ..ANY
                };
                let leases = one.try_("a", three).expect("there is always one more");
                assert_eq!(names(&leases), ["db-0", "db-1", "db-2"]);
            });
        }
    }
}

#[test]
fn what_a_holder_waits_for_is_shown_until_it_is_taken_back() {
    on_each(Some(1), |Pool { one, other, .. }| {
        let _held = one.try_("a", ANY).unwrap();
        let token = one.holder("a").token;
        let waiting = one.with("a", ANY, |ask| ask.waiting("elsewhere"));
        let shown = || {
            let names = other.snapshot().names;
            assert_eq!(names[0].holders.len(), 1);
            names[0].holders[0].waiting.clone()
        };
        let wait = |tenure: &mut Tenure| tenure.waiting = Some(waiting.clone());
        one.backend.publish("db-0", "another", &wait);
        assert_eq!(shown(), None);
        one.backend.publish("db-0", &token, &wait);
        assert_eq!(shown(), Some(waiting.clone()));
        one.backend
            .publish("db-0", &token, &|tenure| tenure.waiting = None);
        assert_eq!(shown(), None);
    });
}

#[test]
fn the_first_of_a_run_says_how_large_the_pool_is() {
    on_each(Some(1), |Pool { one, other, .. }| {
        let said = |run: &str, place: &str| Declaration::of(run, place, &one.names);
        let declare = |side: &Side, run: &str, ours: Option<&Declaration>| {
            let theirs = side.backend.declare(run, ours).unwrap();
            theirs.map(|theirs| theirs.place)
        };
        assert_eq!(declare(&one, "run", None), None);
        assert_eq!(declare(&one, "run", Some(&said("run", "a.rs:1"))), None);
        let theirs = Some("a.rs:1".to_owned());
        let second = said("run", "b.rs:1");
        assert_eq!(declare(&other, "run", Some(&second)), theirs);
        assert_eq!(declare(&other, "run", None), theirs);
        assert_eq!(
            declare(&other, "other", Some(&said("other", "b.rs:1"))),
            None
        );
    });
}

#[test]
fn a_run_is_alive_as_long_as_a_process_or_its_reaper_is() {
    on_each(Some(1), |Pool { one, other, .. }| {
        let (ours, theirs) = (one.backend.runs().unwrap(), other.backend.runs().unwrap());
        let is_alive = || {
            let is_alive = theirs.is_alive("run", None).unwrap();
            assert_eq!(theirs.is_running("run", None).unwrap(), is_alive);
            is_alive
        };
        assert!(!is_alive());
        let (mut patience, notes) = Noting::until(Instant::now());
        let first = ours.join("run", &mut patience).unwrap();
        let second = ours.join("run", &mut patience).unwrap();
        assert!(is_alive());
        assert!(!theirs.is_alive("other", None).unwrap());
        drop(first);
        assert!(is_alive());
        drop(second);
        assert!(!is_alive());
        let reaper = ours.stand_by("run").unwrap().expect("there is none");
        assert!(is_alive());
        drop(reaper);
        assert!(!is_alive());
        assert_eq!(notes.try_iter().next(), None);
    });
}

#[test]
fn a_run_has_one_reaper_and_one_process_starts_it() {
    on_each(Some(1), |Pool { one, other, .. }| {
        let (ours, theirs) = (one.backend.runs().unwrap(), other.backend.runs().unwrap());
        let (mut patience, _) = Noting::new();
        let mut starts = 0;
        // One that fails to come up is started by the next process.
        for _ in 0..2 {
            let mut start = || {
                starts += 1;
                Ok(())
            };
            ours.ensure_reaper("run", &mut patience, &mut start)
                .unwrap();
        }
        assert_eq!(starts, 2);
        let reaper = theirs.stand_by("run").unwrap().expect("there is none");
        assert!(ours.stand_by("run").unwrap().is_none());
        let mut start = || panic!("there is one");
        ours.ensure_reaper("run", &mut patience, &mut start)
            .unwrap();
        drop(reaper);
        assert!(ours.stand_by("run").unwrap().is_some());
    });
}

#[test]
fn a_reaper_begins_after_the_last_process_and_the_next_one_joins_after_it() {
    on_each(Some(1), |Pool { one, other, .. }| {
        let (ours, theirs) = (one.backend.runs().unwrap(), other.backend.runs().unwrap());
        let (mut patience, _notes) = Noting::new();
        let alive = ours.join("run", &mut patience).unwrap();
        thread::scope(|scope| {
            let (begun, has_begun) = std::sync::mpsc::channel();
            let (over, is_over) = std::sync::mpsc::channel::<()>();
            let reaper = scope.spawn(move || {
                let mut reaper = theirs.stand_by("run").unwrap().unwrap();
                begun.send("stands by").unwrap();
                reaper.begin().unwrap();
                begun.send("begun").unwrap();
                // Until the other side drops.
                let _ = is_over.recv();
                reaper.finish().unwrap();
            });
            assert_eq!(has_begun.recv().unwrap(), "stands by");
            assert!(has_begun.try_recv().is_err(), "a process is alive");
            drop(alive);
            assert_eq!(has_begun.recv().unwrap(), "begun");
            // What it left is not shared any more, although others are not to clean it up.
            assert!(!ours.is_running("run", None).unwrap());
            assert!(ours.is_alive("run", None).unwrap());
            // While it cleans, no process joins the run, however long it waits.
            let (mut brief, _notes) = Noting::until(Instant::now());
            let joined = ours.join("run", &mut brief);
            assert!(joined.err().is_some_and(|error| error.is_timeout()));
            drop(over);
            reaper.join().unwrap();
        });
        drop(ours.join("run", &mut patience).unwrap());
    });
}

#[test]
fn the_reapers_of_two_runs_take_turns() {
    on_each(Some(1), |Pool { one, other, .. }| {
        let (ours, theirs) = (one.backend.runs().unwrap(), other.backend.runs().unwrap());
        let mut first = ours.stand_by("one").unwrap().unwrap();
        first.begin().unwrap();
        thread::scope(|scope| {
            let (begun, has_begun) = std::sync::mpsc::channel();
            let second = scope.spawn(move || {
                let mut second = theirs.stand_by("other").unwrap().unwrap();
                second.begin().unwrap();
                // The first run is over by now.
                begun.send(theirs.is_alive("one", None).unwrap()).unwrap();
                second.finish().unwrap();
            });
            assert!(has_begun.try_recv().is_err());
            first.finish().unwrap();
            assert!(!has_begun.recv().unwrap());
            second.join().unwrap();
        });
    });
}

#[test]
fn one_process_at_a_time_has_the_pools_part_of_the_life() {
    on_each(Some(1), |Pool { one, other, .. }| {
        let (ours, theirs) = (one.backend.runs().unwrap(), other.backend.runs().unwrap());
        let lock = ours.life(None).unwrap();
        let mut life = lock.read().unwrap();
        assert!(!life.done);
        life.done = true;
        life.runs.push("run".to_owned());
        lock.write(&life).unwrap();
        let (mut brief, _notes) = Noting::until(Instant::now());
        let refused = theirs.life(Some(&mut brief));
        assert!(refused.err().is_some_and(|error| error.is_timeout()));
        drop(lock);
        let (mut patience, _notes) = Noting::new();
        let lock = theirs.life(Some(&mut patience)).unwrap();
        let life = lock.read().unwrap();
        assert_eq!((life.done, &*life.runs), (true, &["run".to_owned()][..]));
    });
}

#[test]
fn a_pool_that_is_removed_is_another_one_from_then_on() {
    on_each(Some(1), |Pool { one, other, remove }| {
        let before = one.backend.runs().unwrap();
        assert!(Arc::ptr_eq(&before, &one.backend.runs().unwrap()));
        let (mut patience, _notes) = Noting::new();
        let _alive = before.join("run", &mut patience).unwrap();
        let held = one.try_("holder", ANY).unwrap().remove(0);
        thread::scope(|scope| {
            let (mut patience, notes) = Noting::new();
            let waiter = scope.spawn(move || other.acquire("waiter", DB_0, &mut patience));
            assert_eq!(notes.recv().unwrap(), "blocked");
            assert_eq!(notes.recv().unwrap(), "reserved");
            remove();
            let ending = Ending {
                pool: "db",
                name: "db-0",
                state: State::Clean,
                reason: None,
                as_it_was: false,
                durable: true,
            };
            let lost = held.hold.end(ending).unwrap_err();
            assert!(lost.is_lost(), "{lost}");
            assert!(matches!(waiter.join().unwrap(), Ok(Answer::Gone)));
        });
        // A backend may notice when it is asked next.
        let asked = one.with("a", ANY, |ask| one.backend.try_acquire(ask));
        if let Ok(Answer::Gone) = asked {
            end(one.try_("a", ANY).unwrap());
        }
        let after = one.backend.runs().unwrap();
        assert!(!Arc::ptr_eq(&before, &after));
        assert!(!after.is_alive("run", None).unwrap());
    });
}

#[cfg(feature = "tools")]
#[test]
fn names_are_forgotten_unless_they_are_lent_or_awaited() {
    on_each(Some(2), |Pool { one, other, .. }| {
        for _ in 0..2 {
            let leases = one.try_("a", Short { count: 2, ..ANY }).unwrap();
            for lease in leases {
                end_as(lease.hold, State::Dirty, false);
            }
        }
        let held = one.try_("holder", DB_0).unwrap();
        let holder = other.holder("people");
        let forget = |force| other.backend.forget(&holder, force).unwrap();
        let done = forget(false);
        assert_eq!((done.names, done.lent), (vec![], vec!["db-0".to_owned()]));
        assert_eq!(other.state("db-1"), State::Dirty);
        let done = forget(true);
        assert_eq!(done.names, ["db-1"]);
        assert_eq!(other.state("db-1"), State::Clean);
        thread::scope(|scope| {
            let (mut patience, notes) = Noting::new();
            let both = Short { count: 2, ..ANY };
            let side = one.clone();
            let waiter = scope.spawn(move || end(granted(side.acquire("b", both, &mut patience))));
            assert_eq!(notes.recv().unwrap(), "blocked");
            assert!(forget(true).awaited);
            end(held);
            waiter.join().unwrap();
        });
        let mut lease = one
            .try_(
                "c",
                Short {
                    name: Some("db-1"),
                    ..ANY
                },
            )
            .unwrap();
        assert_eq!(lease[0].hold.record().fence, 4, "it goes on growing");
    });
}
