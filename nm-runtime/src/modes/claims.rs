//! What the reaper promises, told over each backend. Over real processes, it is in
//! `tests/life`.

use std::collections::BTreeSet;
use std::fs::File;
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use crate::backend::Backend;
use crate::backend::doubles::{Call, Double, Verdict};
use crate::backend::runs::{Reaping, Runs};
use crate::base::error::{BoxError, Result};
use crate::declared::registered::Registered;
use crate::declared::resource::{Reset, Resource, ResourceSpec, boxed};
use crate::local::Local;
use crate::memory::session::{Session, World, config};
use crate::modes::reaper::clean_up;
use crate::pool::Pool;
use crate::pool::opened::Opened;
use crate::terms::name::Name;
use crate::terms::record::State;

/// Notes its hooks, `cleanup db-0` and at their end `cleaned db-0`. They wait at closed
/// gates.
#[derive(Clone)]
struct Fake {
    at_once: usize,
    seen: Arc<(Mutex<Seen>, Condvar)>,
}

#[derive(Default)]
struct Seen {
    hooks: Vec<String>,
    closed: BTreeSet<String>,
    failing: BTreeSet<String>,
}

impl Fake {
    fn hook(&self, hook: &str, name: &str) -> std::result::Result<(), BoxError> {
        let hook = format!("{hook} {name}").trim_end().to_owned();
        let (seen, changed) = &*self.seen;
        let mut seen = lock(seen);
        seen.hooks.push(hook.clone());
        changed.notify_all();
        while seen.closed.contains(&hook) {
            seen = changed.wait(seen).unwrap();
        }
        match seen.failing.contains(&hook) {
            true => Err(format!("no {hook} today").into()),
            false => Ok(()),
        }
    }

    fn close(&self, hook: &str) {
        lock(&self.seen.0).closed.insert(hook.to_owned());
    }

    fn open(&self, hook: &str) {
        lock(&self.seen.0).closed.remove(hook);
        self.seen.1.notify_all();
    }

    fn fail(&self, hook: &str) {
        lock(&self.seen.0).failing.insert(hook.to_owned());
    }

    /// Waits until the hook has begun.
    fn begins(&self, hook: &str) {
        let (seen, changed) = &*self.seen;
        let begun = |seen: &mut Seen| !seen.hooks.iter().any(|known| known == hook);
        let bound = Duration::from_secs(100);
        let waited = changed.wait_timeout_while(lock(seen), bound, begun);
        assert!(!waited.unwrap().1.timed_out(), "{hook} does not begin");
    }

    /// What has begun since this was called last.
    fn take(&self) -> Vec<String> {
        mem::take(&mut lock(&self.seen.0).hooks)
    }
}

impl Resource for Fake {
    fn setup(&self) -> std::result::Result<(), BoxError> {
        self.hook("setup", "")
    }

    fn init(&self, name: &Name) -> std::result::Result<(), BoxError> {
        self.hook("init", name)
    }

    fn reset(&self, name: &Name, _: Reset<'_>) -> std::result::Result<(), BoxError> {
        self.hook("reset", name)
    }

    fn cleanup(&self, name: &Name) -> std::result::Result<(), BoxError> {
        self.hook("cleanup", name)?;
        self.hook("cleaned", name)
    }

    fn parallel_cleanups(&self) -> usize {
        self.at_once
    }

    fn teardown(&self) -> std::result::Result<(), BoxError> {
        self.hook("teardown", "")
    }
}

static SPEC: ResourceSpec = ResourceSpec::of_test("tests", file!(), line!());

/// Where runs come and go.
struct Scene {
    ground: Ground,
    fake: Fake,
}

enum Ground {
    Local(TempDir),
    Memory(World),
}

/// Tries a claim on each backend, with a resource that cleans up so many names at once.
fn on_each(at_once: usize, claim: impl Fn(Scene)) {
    claim(Scene::new(
        Ground::Local(tempfile::tempdir().unwrap()),
        at_once,
    ));
    claim(Scene::in_memory(at_once));
}

/// A process of a run, or what stands for one.
struct Process {
    run: &'static str,
    /// `None` over the local backend, which knows it by its open files.
    session: Option<Session>,
    backend: Arc<dyn Backend>,
}

impl Process {
    fn end(self) {
        if let Some(session) = self.session {
            session.kill();
        }
    }
}

impl Scene {
    fn new(ground: Ground, at_once: usize) -> Self {
        let seen = Arc::default();
        Self {
            ground,
            fake: Fake { at_once, seen },
        }
    }

    fn in_memory(at_once: usize) -> Self {
        Self::new(Ground::Memory(World::new()), at_once)
    }

    fn process(&self, run: &'static str) -> Process {
        match &self.ground {
            Ground::Local(dir) => Process {
                run,
                session: None,
                backend: Arc::new(Local::open(dir.path(), &"db".into()).unwrap()),
            },
            Ground::Memory(world) => {
                let session = world.session(run);
                Process {
                    run,
                    backend: session.backend("db"),
                    session: Some(session),
                }
            }
        }
    }

    /// The pool, of two names and with the resource, as that process has opened it.
    fn open(&self, process: &Process, backend: &Arc<dyn Backend>) -> Opened {
        let (backend, config) = (backend.clone(), config("db", Some(2)));
        let opened = match &process.session {
            Some(session) => session.open("db", config, backend),
            None => {
                Opened::over("db".into(), config, backend).asked_as(std::process::id(), process.run)
            }
        };
        opened.with_resource(Registered::new(
            "db",
            Registered::code_of(&SPEC),
            boxed(self.fake.clone()),
        ))
    }

    /// A process that uses the pool.
    fn user(&self, run: &'static str) -> (Process, Pool) {
        let process = self.process(run);
        let opened = Arc::new(self.open(&process, &process.backend));
        (process, Pool { opened })
    }

    /// The run's reaper, which stands by.
    fn reaper(&self, run: &'static str) -> Reaper<'_> {
        let process = self.process(run);
        let runs = process.backend.runs().unwrap();
        // To the end of the test program.
        let runs: &'static Arc<dyn Runs> = Box::leak(Box::new(runs));
        Reaper {
            scene: self,
            process,
            reaping: runs.stand_by(run).unwrap().unwrap(),
            runs: &**runs,
        }
    }

    /// The reaper of a run that has used so many names, and is over.
    fn ended_run(&self, run: &'static str, count: u32) -> Reaper<'_> {
        let reaper = self.reaper(run);
        let (process, pool) = self.user(run);
        drop(pool.request().count(count).acquire().unwrap());
        process.end();
        reaper
    }
}

struct Reaper<'a> {
    scene: &'a Scene,
    process: Process,
    runs: &'static dyn Runs,
    reaping: Box<dyn Reaping>,
}

impl Reaper<'_> {
    fn reap(self) {
        let backend = self.process.backend.clone();
        self.reap_over(&backend).unwrap();
    }

    fn reap_over(mut self, backend: &Arc<dyn Backend>) -> Result<()> {
        let pool = self.scene.open(&self.process, backend);
        self.reaping.begin()?;
        clean_up(&pool, self.runs, self.process.run)?;
        self.reaping.finish()
    }

    /// Does something while the reaper is in this hook.
    fn reap_while(mut self, hook: &str, meanwhile: impl FnOnce(&Process)) -> Result<()> {
        let fake = &self.scene.fake;
        fake.close(hook);
        let pool = self.scene.open(&self.process, &self.process.backend);
        self.reaping.begin()?;
        let (runs, run) = (self.runs, self.process.run);
        let cleaned = thread::scope(|scope| {
            let cleaning = scope.spawn(|| clean_up(&pool, runs, run).map(drop));
            fake.begins(hook);
            meanwhile(&self.process);
            fake.open(hook);
            cleaning.join().unwrap()
        });
        self.reaping.finish()?;
        cleaned
    }
}

const BOTH: [&str; 3] = ["setup", "init db-0", "init db-1"];
const FIRST: [&str; 2] = ["cleanup db-0", "cleaned db-0"];
const SECOND: [&str; 2] = ["cleanup db-1", "cleaned db-1"];

#[test]
fn a_new_run_is_lent_what_is_clean_while_the_rest_is_cleaned_up() {
    for at_once in [1, 4] {
        on_each(at_once, |scene| {
            let reaper = scene.ended_run("one", 2);
            assert_eq!(scene.fake.take(), BOTH);
            let next = scene.reaper("other");
            let (process, pool) = scene.user("other");
            let reaped = reaper.reap_while("cleanup db-1", |_| {
                let lease = pool.acquire().unwrap();
                assert_eq!(lease.name(), "db-0");
                lease.release().unwrap();
            });
            reaped.unwrap();
            let mut hooks = scene.fake.take();
            hooks.sort();
            let mut expected = [&FIRST[..], &SECOND, &["init db-0"]].concat();
            expected.sort_unstable();
            assert_eq!(hooks, expected, "neither set up again nor torn down");
            drop(pool);
            process.end();
            next.reap();
            assert_eq!(scene.fake.take(), [&FIRST[..], &["teardown"]].concat());
        });
    }
}

#[test]
fn a_new_run_that_comes_to_a_name_first_cleans_it_up_itself() {
    on_each(1, |scene| {
        let reaper = scene.ended_run("one", 2);
        let next = scene.reaper("other");
        let (process, pool) = scene.user("other");
        scene.fake.take();
        let reaped = reaper.reap_while("cleanup db-0", |_| {
            assert_eq!(pool.acquire().unwrap().name(), "db-1");
        });
        reaped.unwrap();
        let (begins, ends) = FIRST.split_at(1);
        let anew = [begins, &SECOND, &["init db-1"], ends].concat();
        assert_eq!(scene.fake.take(), anew);
        drop(pool);
        process.end();
        next.reap();
        assert_eq!(scene.fake.take(), [&SECOND[..], &["teardown"]].concat());
    });
}

#[test]
fn the_reaper_waits_for_no_name_that_another_run_holds() {
    on_each(1, |scene| {
        let reaper = scene.ended_run("one", 2);
        let next = scene.reaper("other");
        let (process, pool) = scene.user("other");
        let mut held = None;
        let reaped = reaper.reap_while("cleanup db-0", |_| held = Some(pool.acquire().unwrap()));
        reaped.unwrap();
        scene.fake.take();
        drop((held, pool));
        process.end();
        next.reap();
        assert_eq!(scene.fake.take(), [&SECOND[..], &["teardown"]].concat());
    });
}

#[test]
fn names_are_cleaned_up_at_the_same_time() {
    on_each(2, |scene| {
        let reaper = scene.ended_run("one", 2);
        let reaped = reaper.reap_while("cleanup db-0", |_| scene.fake.begins("cleaned db-1"));
        reaped.unwrap();
        assert_eq!(scene.fake.take().last().unwrap(), "teardown");
    });
}

#[test]
fn a_resource_may_have_its_names_cleaned_up_one_after_the_other() {
    for at_once in [0, 1] {
        on_each(at_once, |scene| {
            let reaper = scene.ended_run("one", 2);
            scene.fake.take();
            reaper.reap();
            let all = [&FIRST[..], &SECOND, &["teardown"]].concat();
            assert_eq!(scene.fake.take(), all);
        });
    }
}

/// In memory, where a process can be killed in the middle.
#[test]
fn what_a_reaper_that_was_killed_had_begun_is_done_again() {
    let scene = Scene::in_memory(1);
    let reaper = scene.ended_run("one", 2);
    scene.fake.take();
    let kill = |process: &Process| process.session.as_ref().unwrap().kill();
    assert!(reaper.reap_while("cleanup db-0", kill).is_err());
    scene.fake.take();
    let next = scene.reaper("other");
    let (process, pool) = scene.user("other");
    drop(pool.acquire().unwrap());
    drop(pool);
    process.end();
    let anew = [&["setup"], &FIRST[..], &["init db-0"]].concat();
    assert_eq!(scene.fake.take(), anew);
    next.reap();
    let all = [&FIRST[..], &SECOND, &["teardown"]].concat();
    assert_eq!(scene.fake.take(), all);
}

#[test]
fn what_a_run_left_that_came_and_died_meanwhile_is_cleaned_up_before_the_teardown() {
    on_each(1, |scene| {
        let reaper = scene.ended_run("one", 1);
        let next = scene.reaper("other");
        let (process, pool) = scene.user("other");
        scene.fake.take();
        let reaped = reaper.reap_while("cleanup db-0", |_| {
            drop(pool.acquire().unwrap());
            drop(pool);
            process.end();
            drop(next.reaping);
            next.process.end();
        });
        reaped.unwrap();
        let (begins, ends) = FIRST.split_at(1);
        let all = [begins, &["init db-1"], ends, &SECOND, &["teardown"]].concat();
        assert_eq!(scene.fake.take(), all);
    });
}

/// In memory, where notices are kept.
#[test]
fn what_the_reaper_has_to_tell_is_told_once_even_to_a_run_that_came_before() {
    let scene = Scene::in_memory(1);
    scene.fake.fail("cleanup db-0");
    let reaper = scene.ended_run("one", 1);
    let _next = scene.reaper("other");
    let told = |(process, pool): &(Process, Pool)| {
        let session = process.session.as_ref().unwrap();
        session.keep_notices();
        drop(pool.acquire().unwrap());
        session.notices()
    };
    let first = scene.user("other");
    let reaped = reaper.reap_while("cleanup db-0", |_| assert_eq!(told(&first), ""));
    reaped.unwrap();
    let failed =
        "name-manager: cleanup of `db-0` after the last run failed: no cleanup db-0 today\n";
    assert_eq!(told(&scene.user("other")), failed);
    assert_eq!(told(&scene.user("other")), "");
}

/// In memory, where notices are kept.
#[test]
fn a_cleanup_that_fails_before_an_init_is_told_at_once() {
    let scene = Scene::in_memory(1);
    let reaper = scene.ended_run("one", 1);
    drop(reaper.reaping);
    reaper.process.end();
    scene.fake.fail("cleanup db-0");
    scene.fake.take();
    let _next = scene.reaper("other");
    let (process, pool) = scene.user("other");
    let session = process.session.as_ref().unwrap();
    session.keep_notices();
    drop(pool.acquire().unwrap());
    assert_eq!(
        session.notices(),
        "name-manager: cleanup of `db-0`, which an earlier run left, failed: no cleanup db-0 today; `init` is called all the same\n"
    );
    assert_eq!(scene.fake.take(), ["setup", "cleanup db-0", "init db-0"]);
}

/// As errors show it.
const ASK_FILE: &str = match cfg!(windows) {
    true => r"runs\ask",
    false => "runs/ask",
};

/// Over files, where the process that asks may have been stopped in the middle.
#[test]
fn a_request_that_cannot_find_out_which_runs_are_alive_ends_at_its_deadline() {
    let scene = Scene::new(Ground::Local(tempfile::tempdir().unwrap()), 1);
    let Ground::Local(dir) = &scene.ground else {
        unreachable!("it was just made")
    };
    let _standing_by = ["one", "other", "late"].map(|run| scene.reaper(run));
    let (_one, first) = scene.user("one");
    drop(first.request().count(2).acquire().unwrap());
    let (_other, second) = scene.user("other");
    let held = second.acquire().unwrap();
    let ask = File::open(dir.path().join("pools/db/runs/ask")).unwrap();
    nm_os::lock(&ask, true).unwrap();
    let (_late, third) = scene.user("late");
    // One has joined the pool, and needs the name of the other run; one has not.
    for pool in [&second, &third] {
        let request = pool.request().timeout(Duration::from_millis(50));
        let error = request.acquire().unwrap_err();
        assert!(error.is_timeout(), "{error:?}");
        assert!(error.to_string().contains(ASK_FILE), "{error}");
    }
    nm_os::unlock(&ask).unwrap();
    second.acquire().unwrap().release().unwrap();
    held.release().unwrap();
}

/// Continued some day, the stopped process would find all the reapers of later runs waiting.
#[test]
fn a_process_that_is_stopped_while_it_asks_about_a_run_does_not_stop_the_reaper() {
    let scene = Scene::new(Ground::Local(tempfile::tempdir().unwrap()), 1);
    let Ground::Local(dir) = &scene.ground else {
        unreachable!("it was just made")
    };
    let reaper = scene.ended_run("one", 1);
    let _standing_by = scene.reaper("other");
    let (_other, pool) = scene.user("other");
    drop(pool.acquire().unwrap());
    let ask = File::open(dir.path().join("pools/db/runs/ask")).unwrap();
    nm_os::lock(&ask, true).unwrap();
    let backend = reaper.process.backend.clone();
    let error = reaper.reap_over(&backend).unwrap_err();
    assert!(error.is_timeout(), "{error:?}");
    assert!(error.to_string().contains(ASK_FILE), "{error}");
    #[cfg(feature = "tools")]
    {
        let error = pool.forget(false).unwrap_err();
        assert!(error.is_timeout(), "{error:?}");
    }
}

/// What was to be told is not lost with what else there is to do.
#[test]
fn a_reaper_that_fails_tells_what_failed_before() {
    let scene = Scene::in_memory(1);
    scene.fake.fail("cleanup db-0");
    let reaper = scene.ended_run("one", 1);
    let looks = Mutex::new(0);
    let second_look_fails = Arc::new(move |call: Call| {
        let mut looks = lock(&looks);
        *looks += u32::from(call == Call::Snapshot);
        match call == Call::Snapshot && *looks == 2 {
            true => Verdict::Fail,
            false => Verdict::Pass,
        }
    });
    let backend = reaper.process.backend.clone();
    let double: Arc<dyn Backend> = Double::new(backend, &second_look_fails);
    assert!(reaper.reap_over(&double).is_err());
    let _next = scene.reaper("other");
    let (process, pool) = scene.user("other");
    let session = process.session.as_ref().unwrap();
    session.keep_notices();
    drop(pool.acquire().unwrap());
    let notices = session.notices();
    assert!(notices.contains("no cleanup db-0 today"), "{notices}");
    assert!(notices.contains("after the last run"), "{notices}");
}

/// The name's record did not say yet that the other run uses it.
#[test]
fn a_name_stays_dirty_that_another_run_took_just_before_the_reaper() {
    on_each(1, |scene| {
        let reaper = scene.ended_run("one", 1);
        let _next = scene.reaper("other");
        let (_process, pool) = scene.user("other");
        let first = Mutex::new(Some(()));
        let quicker = Arc::new(move |call: Call| {
            if call == Call::TryAcquire && lock(&first).take().is_some() {
                pool.acquire().unwrap().mark_dirty();
            }
            Verdict::Pass
        });
        let backend = reaper.process.backend.clone();
        let key = backend.key().to_owned();
        let double: Arc<dyn Backend> = Double::new(backend.clone(), &quicker);
        reaper.reap_over(&double).unwrap();
        let snapshot = backend.snapshot(&key).unwrap().unwrap();
        let record = snapshot.names[0].record.as_ref().unwrap();
        assert_eq!(record.state, State::Dirty);
        assert_eq!(
            scene.fake.take()[2..],
            [&FIRST[..], &["init db-0"]].concat()
        );
    });
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
