//! The process that cleans up after a run: the test binary again, started
//! detached by the first process of the run that uses hooks. It stands by until
//! the run's runner and all its processes have ended, however they ended.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use crate::backend::runs::Runs;
use crate::base::error::{BoxError, Error, Result};
use crate::base::failpoint;
use crate::config::variables::{self, Keep};
use crate::identity::asker;
use crate::life::hooks::Hooks;
use crate::life::standby::{Job, READY, no_reaper};
use crate::pool::acquire;
use crate::pool::opened::Opened;
use crate::sys;
use crate::terms::event::Kind;
use crate::terms::holder::Holder;
use crate::terms::pool_life::PoolHook;
use crate::terms::record::{Doing, Record, State};

/// Does the reaper's work. Returns the exit code.
pub(crate) fn run(job: &Job) -> i32 {
    match reap(job) {
        Ok(()) => 0,
        Err(error) => {
            // Read by the process that started us, if we have not said that we are ready.
            let _ = write!(io::stdout(), "{error:?}");
            1
        }
    }
}

fn reap(job: &Job) -> Result<()> {
    // A session of its own before it says that it is ready: Ctrl-C, a runner's
    // timeout and a closed terminal end only the tests.
    sys::detach().map_err(no_reaper)?;
    let pool = Opened::again(&job.pool, job.address())?;
    if !pool.needs_reaper()? {
        return Err(no_reaper("it has no such resource or allocator"));
    }
    let runs = pool.backend.runs()?;
    let reaping = runs.stand_by(&job.run)?;
    let ready = io::stdout()
        .write_all(READY)
        .and_then(|()| sys::close_stdout());
    ready.map_err(no_reaper)?;
    let Some(mut reaping) = reaping else {
        // There is one already: a process that started a reaper died before that was
        // ready.
        return Ok(());
    };
    failpoint::at("reaper: stands by");
    job.runner.wait().map_err(no_reaper)?;
    failpoint::at("reaper: runner has ended");
    reaping.begin()?;
    clean_up(&pool, &*runs, &job.run)?;
    failpoint::at("reaper: all cleaned");
    reaping.finish()
}

/// Cleans up after a run that is over.
fn clean_up(pool: &Opened, runs: &dyn Runs, run: &str) -> Result<()> {
    // Before anything is cleaned up: what is still held by then, is held by another run.
    let taken_back = acquire::take_back(pool, run);
    match pool.hooks()? {
        Some(hooks) => {
            let cleaning = Cleaning {
                pool,
                hooks,
                runs,
                run,
            };
            cleaning.clean(taken_back)
        }
        // The next request fails with the same error.
        None => Ok(()),
    }
}

/// A name that was ever lent, with its record.
struct Known {
    name: String,
    record: Record,
}

/// One reaper's work.
struct Cleaning<'a> {
    pool: &'a Opened,
    hooks: &'a Hooks,
    runs: &'a dyn Runs,
    run: &'a str,
}

/// Names that could not be cleaned up, and why.
type Failed = BTreeMap<String, BoxError>;

impl Cleaning<'_> {
    /// Cleans up every name that no live run uses, then the pool.
    ///
    /// The pool's life is locked only to decide, and during `teardown`: a run that comes
    /// while names are cleaned up becomes a user of the pool as it is set up, and is lent
    /// what is ready. The pool is then left to that run's reaper.
    fn clean(&self, taken_back: Result<()>) -> Result<()> {
        let mut told = Vec::new();
        let names = self.names()?;
        let keeps = self.keeps(&names)?;
        if keeps {
            told.push(self.kept(&names));
        }
        if let Err(error) = taken_back {
            told.push(format!("after the last run, {error:?}"));
        }
        if keeps {
            let turn = self.runs.life(None)?;
            let mut life = turn.read()?;
            life.reaped.append(&mut told);
            return turn.write(&life);
        }
        let mut failed = Failed::new();
        self.clean_names(self.over(names, &failed)?, Others::CleanUp, &mut failed);
        failpoint::at("reaper: cleaned the names");
        // Decided only now, and under the lock: a run that has come meanwhile is among the
        // pool's runs, and one that comes later waits until the pool is torn down.
        let (turn, mut life, last) = loop {
            let turn = self.runs.life(None)?;
            let life = turn.read()?;
            let last = !life.runs.is_empty() && self.all_dead(&life.runs)?;
            if !last {
                break (turn, life, last);
            }
            // Left by a run that came and died meanwhile, with its reaper.
            let left = self.over(self.names()?, &failed)?;
            if left.is_empty() {
                break (turn, life, last);
            }
            drop(turn);
            self.clean_names(left, Others::Wait, &mut failed);
        };
        // What another run uses is left to its reaper.
        failed.retain(|_, error| last || !is_timeout(error));
        let in_use = failed.values().any(is_timeout);
        told.extend(failed.iter().map(|(name, error)| {
            format!("cleanup of `{name}` after the last run failed: {error}")
        }));
        if last && !in_use {
            // Nothing is torn down while a process still holds a name.
            // As for a name: if we die, the next run sets it up again.
            life.runs.clear();
            let holder = asker::reaper(self.run);
            life.hook = Some(PoolHook::now(Kind::Teardown, &holder));
            turn.write(&life)?;
            failpoint::at("reaper: tears down");
            let torn_down = self.hooks.tear_down(&holder);
            life.hook = None;
            match torn_down {
                Ok(()) => life.done = false,
                Err(error) => told.push(format!(
                    "teardown of pool `{}` after the last run failed: {error}",
                    self.pool.name
                )),
            }
        }
        life.reaped.append(&mut told);
        turn.write(&life)
    }

    /// The names that nobody uses any more, except those that could not be cleaned up.
    fn over(&self, names: Vec<Known>, failed: &Failed) -> Result<Vec<String>> {
        let mut over = Vec::new();
        for known in names {
            if !failed.contains_key(&known.name) && self.is_over(&known.record)? {
                over.push(known.name);
            }
        }
        Ok(over)
    }

    /// Cleans up these names, as many at the same time as the resource allows.
    fn clean_names(&self, names: Vec<String>, others: Others, failed: &mut Failed) {
        let at_once = self.hooks.cleanups_at_once().min(names.len());
        let names = Mutex::new(names.into_iter());
        let failing = Mutex::new(failed);
        let next = || lock(&names).next();
        let work = || {
            while let Some(name) = next() {
                if let Err(error) = self.clean_name(&name, others) {
                    lock(&failing).insert(name, error);
                }
            }
        };
        thread::scope(|scope| {
            for _ in 1..at_once {
                let thread = thread::Builder::new().name("name-manager-cleanup".to_owned());
                // What a thread that cannot be started would do, the others do.
                let _ = thread.spawn_scoped(scope, work);
            }
            work();
        });
    }

    /// What is said of names that are kept.
    fn kept(&self, names: &[Known]) -> String {
        let is_there = |known: &&Known| known.record.life.is_some();
        let kept: Vec<_> = names
            .iter()
            .filter(is_there)
            .map(|known| self.how_to_reach(&known.name))
            .collect();
        format!(
            "the last run kept {} of pool `{}` for inspection (NAME_MANAGER_KEEP); this run cleans them up when it ends, unless that is set",
            kept.join(", "),
            self.pool.name
        )
    }

    fn names(&self) -> Result<Vec<Known>> {
        let backend = &self.pool.backend;
        let snapshot = backend.snapshot(backend.key())?.unwrap_or_default();
        let names = snapshot.names.into_iter().filter_map(|seen| {
            Some(Known {
                name: seen.name,
                record: seen.record?,
            })
        });
        Ok(names.collect())
    }

    /// A name, with its variables where the pool has some: `db-0 (DATABASE_URL=..)`.
    fn how_to_reach(&self, name: &str) -> String {
        let name = self.pool.name_of(name);
        let variables: Vec<_> = name
            .envs()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        match variables.is_empty() {
            true => name.to_string(),
            false => format!("{name} ({})", variables.join(" ")),
        }
    }

    fn clean_name(&self, name: &str, others: Others) -> std::result::Result<(), BoxError> {
        let mut lease = match acquire::try_acquire_to_clean(self.pool, name, self.run)? {
            Some(lease) => lease,
            None if others == Others::CleanUp && self.has_live_holder(name)? => return Ok(()),
            None => acquire::acquire_to_clean(self.pool, name, self.run, PATIENCE)?,
        };
        // Dirty stays dirty for the next holder, unless it is cleaned up here.
        lease.keep_as_it_was();
        // Another run may have taken it over before we had it.
        if !self.is_over(lease.hold().record())? {
            return Ok(lease.release()?);
        }
        let holder = lease.hold().holder().clone();
        // If we die, what is left is of no use, even to a process that still finds our
        // run alive: the locks of a dying process go one by one.
        if let Some(life) = &mut lease.hold().record().life {
            life.runs.clear();
            life.doing = Some(Doing::now("cleaning up"));
        }
        lease.hold().save()?;
        failpoint::at("reaper: has a name");
        let cleaned = self.hooks.clean_up(&holder, lease.handle());
        failpoint::at("reaper: cleaned a name");
        let record = lease.hold().record();
        if let Some(life) = &mut record.life {
            life.doing = None;
        }
        if cleaned.is_ok() {
            record.life = None;
            record.last = None;
            record.state = State::Clean;
            record.reason = None;
        }
        lease.hold().save()?;
        failpoint::at("reaper: recorded it");
        lease.release()?;
        cleaned
    }

    /// Whether a process of another live run holds the name. It may not have written
    /// down yet that its run uses it.
    fn has_live_holder(&self, name: &str) -> Result<bool> {
        let backend = &self.pool.backend;
        let snapshot = backend.snapshot(backend.key())?.unwrap_or_default();
        let holders = snapshot.names.iter().filter(|seen| seen.name == name);
        for tenure in holders.flat_map(|seen| &seen.holders) {
            if tenure.holder.run != self.run && self.runs.is_alive(&tenure.holder.run)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a name was initialised, is not kept by a fingerprint, and is used by
    /// no live run.
    fn is_over(&self, record: &Record) -> Result<bool> {
        match &record.life {
            None => Ok(false),
            Some(life) if life.is_kept(record.state) => Ok(false),
            Some(life) => self.all_dead(&life.runs),
        }
    }

    /// Whether none of these runs is alive, except the one that is cleaned up after.
    fn all_dead(&self, runs: &[String]) -> Result<bool> {
        for run in runs.iter().filter(|run| **run != self.run) {
            if self.runs.is_alive(run)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether the user wants to inspect what the run left.
    fn keeps(&self, names: &[Known]) -> Result<bool> {
        match variables::get()?.keep {
            None => Ok(false),
            Some(Keep::Always) => Ok(true),
            Some(Keep::Failed) => {
                let of_run = |holder: &Holder| holder.run == self.run;
                let died = |known: &Known| {
                    let mut holders = known.record.holders.iter();
                    holders.any(|tenure| of_run(&tenure.holder))
                };
                if names.iter().any(died) {
                    return Ok(true);
                }
                for event in self.pool.backend.events(0)? {
                    let event = event?;
                    if of_run(&event.holder) && event.is_failure() {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
        }
    }
}

/// What becomes of a name that a process of another live run holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Others {
    /// That run's reaper cleans it up.
    CleanUp,
    /// No other run uses the pool, and so it is waited for.
    Wait,
}

/// A process that holds a name is waited for no longer, whether it has no hooks or is of
/// another run: the teardown, and reapers of later runs, wait for us.
const PATIENCE: Duration = Duration::from_secs(10);

fn is_timeout(error: &BoxError) -> bool {
    error.downcast_ref().is_some_and(Error::is_timeout)
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::{Arc, Condvar};

    use super::*;
    use crate::backend::Backend;
    use crate::backend::doubles::{Call, Double, Verdict};
    use crate::backend::runs::Reaping;
    use crate::declared::place::Place;
    use crate::declared::registered::Registered;
    use crate::declared::resource::{Reset, Resource, ResourceSpec, boxed};
    use crate::memory::session::{Session, World, config};
    use crate::pool::Pool;
    use crate::terms::name::Name;

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
            std::mem::take(&mut lock(&self.seen.0).hooks)
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

    static SPEC: ResourceSpec = ResourceSpec {
        pool: "db",
        make: || unreachable!("it is registered by hand"),
        manifest_dir: "",
        module: "tests",
        place: Place {
            file: file!(),
            line: line!(),
        },
    };

    struct Scene {
        world: World,
        fake: Fake,
    }

    impl Scene {
        fn new(at_once: usize) -> Self {
            let seen = Arc::default();
            Self {
                world: World::new(),
                fake: Fake { at_once, seen },
            }
        }

        /// A process of the run, and its pool of two names.
        fn process(&self, run: &str) -> (Session, Pool) {
            let session = self.world.session(run);
            let backend = session.backend("db");
            let opened = Arc::new(self.open(&session, backend));
            (session, Pool { opened })
        }

        fn open(&self, session: &Session, backend: Arc<dyn Backend>) -> Opened {
            let opened = session.open("db", config("db", Some(2)), backend);
            opened.with_resource(Registered::new(&SPEC, boxed(self.fake.clone())))
        }

        fn reaper(&self, run: &'static str) -> Reaper<'_> {
            let session = self.world.session(run);
            // Stands by to the end of the test, unless its session is killed.
            let runs: &'static Arc<dyn Runs> =
                Box::leak(Box::new(session.backend("db").runs().unwrap()));
            Reaper {
                scene: self,
                run,
                session,
                reaping: runs.stand_by(run).unwrap().unwrap(),
                runs: &**runs,
            }
        }

        /// A run that has used so many names, and is over. Its reaper stands by.
        fn ended_run(&self, run: &'static str, count: u32) -> Reaper<'_> {
            let reaper = self.reaper(run);
            let (session, pool) = self.process(run);
            drop(pool.request().count(count).acquire().unwrap());
            session.kill();
            reaper
        }

        fn state(&self, name: &str) -> State {
            self.world.record("db", name).unwrap().state
        }
    }

    struct Reaper<'a> {
        scene: &'a Scene,
        run: &'static str,
        session: Session,
        runs: &'static dyn Runs,
        reaping: Box<dyn Reaping>,
    }

    impl Reaper<'_> {
        fn reap(self) {
            let backend = self.session.backend("db");
            self.reap_over(backend);
        }

        fn reap_over(mut self, backend: Arc<dyn Backend>) {
            let pool = self.scene.open(&self.session, backend);
            self.reaping.begin().unwrap();
            clean_up(&pool, self.runs, self.run).unwrap();
            self.reaping.finish().unwrap();
        }

        /// Does something while the reaper is in this hook.
        fn reap_while(mut self, hook: &str, meanwhile: impl FnOnce(&Session)) -> Result<()> {
            let fake = &self.scene.fake;
            fake.close(hook);
            let pool = self.scene.open(&self.session, self.session.backend("db"));
            self.reaping.begin()?;
            let cleaned = thread::scope(|scope| {
                let cleaning = scope.spawn(|| clean_up(&pool, self.runs, self.run));
                fake.begins(hook);
                meanwhile(&self.session);
                fake.open(hook);
                cleaning.join().unwrap()
            });
            self.reaping.finish()?;
            cleaned
        }
    }

    const BOTH: [&str; 3] = ["setup", "init db-0", "init db-1"];

    #[test]
    fn a_new_run_is_lent_what_is_clean_while_the_rest_is_cleaned_up() {
        for at_once in [1, 4] {
            let scene = Scene::new(at_once);
            let reaper = scene.ended_run("one", 2);
            assert_eq!(scene.fake.take(), BOTH);
            let next = scene.reaper("other");
            let (session, pool) = scene.process("other");
            let reaped = reaper.reap_while("cleanup db-1", |_| {
                let lease = pool.acquire().unwrap();
                assert_eq!(lease.name(), "db-0");
                lease.release().unwrap();
            });
            reaped.unwrap();
            let mut hooks = scene.fake.take();
            hooks.sort();
            let both = [
                "cleaned db-0",
                "cleaned db-1",
                "cleanup db-0",
                "cleanup db-1",
            ];
            assert_eq!(hooks, [&both[..], &["init db-0"]].concat());
            session.kill();
            next.reap();
            assert_eq!(
                scene.fake.take(),
                ["cleanup db-0", "cleaned db-0", "teardown"]
            );
        }
    }

    #[test]
    fn a_new_run_that_comes_to_a_name_first_cleans_it_up_itself() {
        let scene = Scene::new(1);
        let reaper = scene.ended_run("one", 2);
        let next = scene.reaper("other");
        let (session, pool) = scene.process("other");
        scene.fake.take();
        let reaped = reaper.reap_while("cleanup db-0", |_| {
            assert_eq!(pool.acquire().unwrap().name(), "db-1");
        });
        reaped.unwrap();
        let anew = ["cleanup db-1", "cleaned db-1", "init db-1"];
        let hooks = [&["cleanup db-0"], &anew[..], &["cleaned db-0"]].concat();
        assert_eq!(scene.fake.take(), hooks);
        session.kill();
        next.reap();
        assert_eq!(
            scene.fake.take(),
            ["cleanup db-1", "cleaned db-1", "teardown"]
        );
    }

    #[test]
    fn the_reaper_waits_for_no_name_that_another_run_holds() {
        let scene = Scene::new(1);
        let reaper = scene.ended_run("one", 2);
        let next = scene.reaper("other");
        let (session, pool) = scene.process("other");
        let mut held = None;
        let reaped = reaper.reap_while("cleanup db-0", |_| held = Some(pool.acquire().unwrap()));
        reaped.unwrap();
        scene.fake.take();
        drop(held);
        session.kill();
        next.reap();
        assert_eq!(
            scene.fake.take(),
            ["cleanup db-1", "cleaned db-1", "teardown"]
        );
    }

    #[test]
    fn names_are_cleaned_up_at_the_same_time() {
        let scene = Scene::new(2);
        let reaper = scene.ended_run("one", 2);
        let reaped = reaper.reap_while("cleanup db-0", |_| scene.fake.begins("cleaned db-1"));
        reaped.unwrap();
        assert_eq!(scene.fake.take().last().unwrap(), "teardown");
    }

    #[test]
    fn a_resource_may_have_its_names_cleaned_up_one_after_the_other() {
        for at_once in [0, 1] {
            let scene = Scene::new(at_once);
            let reaper = scene.ended_run("one", 2);
            scene.fake.take();
            reaper.reap();
            let first = ["cleanup db-0", "cleaned db-0"];
            let second = ["cleanup db-1", "cleaned db-1"];
            assert_eq!(
                scene.fake.take(),
                [&first[..], &second, &["teardown"]].concat()
            );
        }
    }

    #[test]
    fn what_a_reaper_that_was_killed_had_begun_is_done_again() {
        let scene = Scene::new(1);
        let reaper = scene.ended_run("one", 2);
        scene.fake.take();
        let reaped = reaper.reap_while("cleanup db-0", Session::kill);
        assert!(reaped.is_err());
        scene.fake.take();
        let next = scene.reaper("other");
        let (session, pool) = scene.process("other");
        drop(pool.acquire().unwrap());
        session.kill();
        let anew = ["setup", "cleanup db-0", "cleaned db-0", "init db-0"];
        assert_eq!(scene.fake.take(), anew);
        next.reap();
        let first = ["cleanup db-0", "cleaned db-0"];
        let second = ["cleanup db-1", "cleaned db-1"];
        assert_eq!(
            scene.fake.take(),
            [&first[..], &second, &["teardown"]].concat()
        );
    }

    #[test]
    fn what_a_run_left_that_came_and_died_meanwhile_is_cleaned_up_before_the_teardown() {
        let scene = Scene::new(1);
        let reaper = scene.ended_run("one", 1);
        let next = scene.reaper("other");
        let (session, pool) = scene.process("other");
        scene.fake.take();
        let reaped = reaper.reap_while("cleanup db-0", |_| {
            drop(pool.acquire().unwrap());
            session.kill();
            next.session.kill();
        });
        reaped.unwrap();
        let first = ["cleanup db-0", "init db-1", "cleaned db-0"];
        let second = ["cleanup db-1", "cleaned db-1"];
        assert_eq!(
            scene.fake.take(),
            [&first[..], &second, &["teardown"]].concat()
        );
    }

    #[test]
    fn what_the_reaper_has_to_tell_is_told_once_even_to_a_run_that_came_before() {
        let scene = Scene::new(1);
        scene.fake.fail("cleanup db-0");
        let reaper = scene.ended_run("one", 1);
        let _next = scene.reaper("other");
        let told = |(session, pool): (Session, Pool)| {
            session.keep_notices();
            drop(pool.acquire().unwrap());
            session.notices()
        };
        let first = scene.process("other");
        let reaped = reaper.reap_while("cleanup db-0", |_| assert_eq!(told(first), ""));
        reaped.unwrap();
        let failed =
            "name-manager: cleanup of `db-0` after the last run failed: no cleanup db-0 today\n";
        assert_eq!(told(scene.process("other")), failed);
        assert_eq!(told(scene.process("other")), "");
    }

    /// The name's record did not say yet that the other run uses it.
    #[test]
    fn a_name_stays_dirty_that_another_run_took_just_before_the_reaper() {
        let scene = Arc::new(Scene::new(1));
        let reaper = scene.ended_run("one", 1);
        let _next = scene.reaper("other");
        let other = scene.process("other");
        let first = Mutex::new(Some(()));
        let quicker = Arc::new(move |call: Call| {
            if call == Call::TryAcquire && lock(&first).take().is_some() {
                other.1.acquire().unwrap().mark_dirty();
            }
            Verdict::Pass
        });
        let backend = Double::new(reaper.session.backend("db"), &quicker);
        reaper.reap_over(backend);
        assert_eq!(scene.state("db-0"), State::Dirty);
        let anew = ["cleanup db-0", "cleaned db-0", "init db-0"];
        assert_eq!(scene.fake.take()[2..], anew);
    }
}
