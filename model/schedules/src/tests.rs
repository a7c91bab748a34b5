use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::backend::OneName;
use crate::budget::SPARES;
use crate::lend::gate::Permit;
use crate::lend::held::{self, HeldName, Who};
use crate::local::lock::Locked;
use crate::local::timed_lock::Pending;
use crate::spare::Spares;
use crate::terms::access::Access;
use crate::terms::holder::Holder;
use crate::terms::record::{Record, Tenure, Waiting};
use std::fs::File;

/// By then nobody has given up.
const SOON: Duration = Duration::from_secs(1);
/// By then everybody with a deadline has.
const LATE: Duration = Duration::from_secs(2);
const NEVER: Duration = Duration::from_secs(1 << 32);

/// Schedules of each test: half of them at random, half with few preemptions at
/// the places where they hurt most.
const SCHEDULES: usize = 15_000;

fn check(test: impl Fn() + Send + Sync + 'static) {
    let _turn = std::turn::take();
    let test = Arc::new(test);
    let begun = move || {
        std::time::begin();
        std::sync::begin();
        test();
    };
    let pct = begun.clone();
    shuttle::check_random(begun, SCHEDULES / 2);
    shuttle::check_pct(pct, SCHEDULES / 2, 3);
}

/// A thread that lets time pass, at some moment.
struct Clock {
    thread: thread::JoinHandle<()>,
    stops: Arc<AtomicBool>,
}

impl Clock {
    fn start() -> Self {
        let stops = Arc::new(AtomicBool::new(false));
        let stopped = stops.clone();
        let thread = thread::spawn(move || {
            thread::yield_now();
            std::time::pass(LATE);
            // A thread that has just looked at the clock, and is about to wait, hears the next one.
            while !stopped.load(Ordering::SeqCst) {
                std::sync::ring();
                thread::yield_now();
            }
        });
        Self { thread, stops }
    }

    fn stop(self) {
        self.stops.store(true, Ordering::SeqCst);
        self.thread.join().unwrap();
    }
}

/// The pool's bell, as its head hears it.
#[derive(Default)]
struct Bell {
    rung: Mutex<bool>,
    changed: std::sync::Condvar,
}

impl Bell {
    fn ring(&self) {
        *self.rung.lock().unwrap() = true;
        self.changed.notify_all();
    }

    fn wait(&self) {
        let mut rung = self.rung.lock().unwrap();
        while !*rung {
            rung = self.changed.wait_timeout(rung, NEVER).unwrap().0;
        }
        *rung = false;
    }
}

/// A thread that wants the lock until then, and rings whatever comes of it.
fn waiter(file: &File, until: Duration, wake: &Arc<Bell>) -> thread::JoinHandle<bool> {
    let (file, wake) = (file.open_again(), wake.clone());
    thread::spawn(move || {
        let ring = wake.clone();
        let queued = Pending::join(file, Access::Exclusive, Box::new(move || ring.ring())).unwrap();
        let lock = queued.wait_until(Instant::after(until)).unwrap();
        let granted = lock.is_some();
        drop(lock);
        drop(queued);
        wake.ring();
        granted
    })
}

#[test]
fn a_lock_goes_to_who_waits_for_it_and_who_looks_for_it_hears_when_it_is_free() {
    check(|| {
        let file = File::new();
        let wake = Arc::new(Bell::default());
        let held = Locked::try_lock(file.open_again(), Access::Exclusive);
        let clock = Clock::start();
        let hasty = waiter(&file, SOON, &wake);
        let patient = waiter(&file, NEVER, &wake);
        let head = {
            let (file, wake) = (file.open_again(), wake.clone());
            thread::spawn(move || {
                while Locked::try_lock(file.open_again(), Access::Exclusive).is_none() {
                    wake.wait();
                }
            })
        };
        drop(held);
        wake.ring();
        hasty.join().unwrap();
        assert!(
            patient.join().unwrap(),
            "a waiter that never gives up is served"
        );
        head.join().unwrap();
        clock.stop();
    });
}

#[test]
fn who_came_first_to_the_gate_is_let_in_first_however_much_it_wants() {
    check(|| {
        let order = Arc::new(Mutex::new(Vec::new()));
        let inside = Permit::wait(5, Instant::now()).expect("nobody is inside");
        let enter = |names: u64| {
            let order = order.clone();
            thread::spawn(move || {
                let permit = Permit::wait(names, Instant::after(NEVER)).unwrap();
                order.lock().unwrap().push(names);
                drop(permit);
            })
        };
        let large = enter(8);
        until_somebody_waits();
        let small = enter(2);
        drop(inside);
        large.join().unwrap();
        small.join().unwrap();
        assert_eq!(*order.lock().unwrap(), [8, 2]);
    });
}

#[test]
fn a_gate_lets_in_no_more_than_it_has_room_for() {
    check(|| {
        let inside = Arc::new(AtomicU64::new(0));
        let clock = Clock::start();
        let mut threads = Vec::new();
        for (names, until) in [(5, NEVER), (5, SOON), (8, NEVER), (2, NEVER)] {
            let inside = inside.clone();
            threads.push(thread::spawn(move || {
                let Some(permit) = Permit::wait(names, Instant::after(until)) else {
                    assert_ne!(until, NEVER);
                    return;
                };
                let now = inside.fetch_add(names, Ordering::SeqCst) + names;
                assert!(now <= 8, "{now} names inside");
                inside.fetch_sub(names, Ordering::SeqCst);
                drop(permit);
            }));
        }
        threads
            .into_iter()
            .for_each(|thread| thread.join().unwrap());
        clock.stop();
        // All of the room is there again.
        drop(Permit::wait(8, Instant::now()).expect("nobody is inside"));
    });
}

/// A thread that enters the gate and leaves at once.
fn passer(names: u64, until: Duration) -> thread::JoinHandle<bool> {
    thread::spawn(move || Permit::wait(names, Instant::after(until)).is_some())
}

/// Waits until somebody waits at the gate. There must be room for one more.
fn until_somebody_waits() {
    while Permit::wait(1, Instant::now()).is_some() {
        thread::yield_now();
    }
}

#[test]
fn who_gives_up_at_the_gate_lets_those_behind_it_in() {
    check(|| {
        let inside = Permit::wait(5, Instant::now()).expect("nobody is inside");
        let large = passer(8, SOON);
        until_somebody_waits();
        let small = passer(2, NEVER);
        let clock = Clock::start();
        assert!(!large.join().unwrap());
        // Nothing happens from here on that would wake the other one.
        clock.stop();
        assert!(small.join().unwrap());
        drop(inside);
    });
}

#[test]
fn those_who_fit_together_are_inside_together() {
    check(|| {
        let inside = Permit::wait(7, Instant::now()).expect("nobody is inside");
        let both = Arc::new(Barrier::new(2));
        let mut threads = Vec::new();
        for names in [3, 4] {
            let both = both.clone();
            threads.push(thread::spawn(move || {
                let permit = Permit::wait(names, Instant::after(NEVER)).unwrap();
                both.wait();
                drop(permit);
            }));
        }
        drop(inside);
        threads
            .into_iter()
            .for_each(|thread| thread.join().unwrap());
    });
}

#[test]
fn what_a_holder_waits_for_is_never_written_into_the_next_holders_record() {
    check(|| {
        let backend = Arc::new(OneName::default());
        let kernel = File::new();
        let mut lock = kernel.open_again();
        assert!(lock.flock(true, false));
        let holder = Holder {
            test: "a".to_owned(),
            token: "a".to_owned(),
        };
        let tenure = Tenure {
            holder: holder.clone(),
            ..Tenure::default()
        };
        backend.write(Record {
            holders: vec![tenure.clone()],
        });
        let entry = HeldName {
            lease: 1,
            holder: Who::Holder(Arc::new(holder.clone())),
            backend: backend.clone(),
            name: "db-0".into(),
        };
        held::add(entry.clone());
        let asks = thread::spawn(move || {
            let held = [entry];
            held::publish(&held, Some(&Waiting));
            held::publish(&held, None);
            held::outlive(&holder, 7);
        });
        let next = {
            let (backend, mut file) = (backend.clone(), kernel.open_again());
            thread::spawn(move || {
                file.flock(true, true);
                backend.write(Record {
                    holders: vec![tenure],
                });
                thread::yield_now();
                let now = backend.read();
                assert_eq!(now.holders.len(), 1);
                assert_eq!(now.holders[0].waiting, None);
                assert_eq!(now.holders[0].body_ended, None);
            })
        };
        // As a lease ends.
        held::remove(1);
        backend.write(Record::default());
        drop(lock);
        asks.join().unwrap();
        next.join().unwrap();
        assert!(held::by("a").is_empty());
    });
}

#[test]
fn spare_files_stay_within_their_budget_and_give_back_what_they_took() {
    check(|| {
        let dirs = Arc::new([Spares::default(), Spares::default()]);
        let taken = Arc::new(Mutex::new(0));
        let mut threads = Vec::new();
        for thread in 0..3 {
            let (dirs, taken) = (dirs.clone(), taken.clone());
            threads.push(thread::spawn(move || {
                let spares = &dirs[thread % 2];
                spares.keep("a", File::new());
                spares.keep("b", File::new());
                *taken.lock().unwrap() += usize::from(spares.take("a").is_some());
            }));
        }
        threads
            .into_iter()
            .for_each(|thread| thread.join().unwrap());
        let taken = *taken.lock().unwrap();
        assert!(taken <= 3);
        drop(dirs);
        // All of the budget is there again, and no more than that.
        assert!(SPARES.take() && SPARES.take(), "the budget leaks");
        assert!(!SPARES.take(), "the budget grows");
        SPARES.give_back(2);
    });
}
