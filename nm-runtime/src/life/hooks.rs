//! Calls the hooks of a pool's resource and records what they did: `setup`, `init` and
//! `reset` for tests, `cleanup` and `teardown` for the reaper.

use std::mem;
use std::sync::Arc;
use std::time::Instant;

use crate::backend::Backend;
use crate::backend::missing_code;
use crate::backend::patience::Patience;
use crate::backend::runs::Runs;
use crate::base::error::{BoxError, Error, Kind, Result};
use crate::base::{failpoint, notice};
use crate::declared::call::{call, call_apart};
use crate::declared::registered::Registered;
use crate::declared::resource::Reset;
use crate::identity::{asker, runner};
use crate::lend::lease::Lease;
use crate::lend::wait::Wait;
use crate::life::membership::Membership;
use crate::life::standby::Address;
use crate::life::step::{self, Step};
use crate::terms::code::{Code, PoolCode};
use crate::terms::event::{self, Entry, Phase};
use crate::terms::holder::Holder;
use crate::terms::name::Name;
use crate::terms::pool_life::PoolHook;
use crate::terms::record::{Doing, Failures, Life, State};

/// What a hook returns.
type Done = std::result::Result<(), BoxError>;

/// A pool's resource, and this process's membership of the run.
pub(crate) struct Hooks {
    pool: Arc<str>,
    backend: Arc<dyn Backend>,
    pub(crate) registered: Registered,
    membership: Membership,
}

impl Hooks {
    pub(crate) fn new(
        pool: &Arc<str>,
        backend: &Arc<dyn Backend>,
        address: Option<Address>,
        registered: Registered,
    ) -> Self {
        Self {
            pool: pool.clone(),
            backend: backend.clone(),
            registered,
            membership: Membership::new(pool, backend, address),
        }
    }

    /// Called before anything is acquired: the process joins the run, sees to it that
    /// the run has a reaper, and sets up the pool.
    pub(crate) fn enter(&self, holder: &Holder, wait: &mut Wait<'_>) -> Result<()> {
        self.membership.enter(holder, wait, &mut |runs, wait| {
            self.set_up(runs, holder, &holder.run, wait)
        })
    }

    /// The process uses the pool no more.
    #[cfg(feature = "tools")]
    pub(crate) fn leave(&self) {
        self.membership.leave();
    }

    fn set_up(
        &self,
        runs: &dyn Runs,
        holder: &Holder,
        run: &str,
        wait: &mut Wait<'_>,
    ) -> Result<()> {
        let turn = wait.outside(|wait| runs.life(Some(wait)))?;
        let mut life = turn.read()?;
        let code = self.registered.code();
        let ours = PoolCode {
            resource: Some(code.clone()),
            ..PoolCode::default()
        };
        // Before the journal is read: a request that was granted too early to see this is
        // in there.
        let known = self.backend.declare_code(&ours)?;
        if known.resource.is_none() {
            self.refuse_used_without(run)?;
        }
        let nothing_new = life.reaped.is_empty() && life.runs.iter().any(|known| known == run);
        for line in mem::take(&mut life.reaped) {
            notice::say(&format!("{line}\n"));
        }
        if let Some(theirs) = known.resource.filter(|theirs| !theirs.is_same(&code)) {
            let users = life.runs.iter().filter(|user| *user != run);
            self.warn_of_other_hooks([theirs, code], runs, users, wait)?;
        }
        if let Some(first) = life.failures.given_up(run) {
            return Err(given_up(&format!("setup of pool `{}`", self.pool), first));
        }
        // Also what a run that is over has set up, as long as its reaper works: that tears
        // down last of all, under this lock, and not if we are among the users by then.
        let users = match life.done {
            true => step::users(&life.runs, run, &mut |run| runs.is_alive(run, Some(wait)))?,
            false => None,
        };
        if let Some(users) = users {
            life.runs = users;
            return match nothing_new {
                true => Ok(()),
                false => turn.write(&life),
            };
        }
        life.done = false;
        life.runs = vec![run.to_owned()];
        life.hook = Some(PoolHook::now(event::Kind::Setup, holder));
        turn.write(&life)?;
        let started = Instant::now();
        let set_up = self.call(holder, event::Kind::Setup, None, &mut || {
            self.registered.resource.setup()
        });
        wait.pause(started.elapsed());
        life.hook = None;
        match set_up {
            Ok(()) => {
                life.done = true;
                life.failures = Failures::default();
                turn.write(&life)
            }
            Err(error) => {
                life.failures.add(run, &error.to_string());
                turn.write(&life)?;
                drop(turn);
                let what = format!("set up pool `{}`", self.pool);
                Err(failed(&what, &life.failures, error))
            }
        }
    }

    /// Warns if a run that goes on beside this one has hooks from another place: another
    /// checkout, or program, that shares the directory.
    fn warn_of_other_hooks<'r>(
        &self,
        [theirs, ours]: [Code; 2],
        runs: &dyn Runs,
        others: impl Iterator<Item = &'r String>,
        wait: &mut Wait<'_>,
    ) -> Result<()> {
        for other in others {
            if runs.is_running(other, Some(wait))? {
                let (theirs, ours) = (theirs.shown(), ours.shown());
                if theirs == ours {
                    let until = runner::named_in(other);
                    let until = until.map_or(String::new(), |runner| {
                        format!(" and lasts until {runner} ends")
                    });
                    notice::say(&format!(
                        "the hooks of pool `{}` at {ours} have been edited since run {other} began, which goes on{until}; what one makes ready, the other resets and cleans up: if that does not fit, end that run first\n",
                        self.pool
                    ));
                    break;
                }
                notice::say(&format!(
                    "pool `{}` at `{}` is shared with run {other}, which may have other hooks: {theirs}, and here {ours}; what one makes ready, the other resets and cleans up: use the same hooks in both, or give them pools of their own\n",
                    self.pool,
                    self.backend.key(),
                ));
                break;
            }
        }
        Ok(())
    }

    /// Refuses a run in which names were lent before the pool was known to have hooks.
    fn refuse_used_without(&self, run: &str) -> Result<()> {
        for event in self.backend.events(0)? {
            let event = event?;
            if event.kind == event::Kind::Acquired && event.holder.run == run {
                let code = self.registered.code();
                return Err(missing_code::was_missed(&self.pool, &event, &code));
            }
        }
        Ok(())
    }

    /// Records that this run uses the name, for a reader that others let in.
    pub(crate) fn join(&self, lease: &mut Lease) -> Result<()> {
        let holder = lease.hold().holder().clone();
        let run = &*holder.run;
        let is_known = |life: &Life| life.runs.iter().any(|known| known == run);
        let life = &lease.hold().record().life;
        if life.as_ref().is_none_or(is_known) {
            return Ok(());
        }
        lease.hold().amend(&mut |record| match &mut record.life {
            Some(life) if !is_known(life) => life.runs.push(run.to_owned()),
            _ => {}
        })
    }

    /// Makes a name ready for the body of its new, only holder.
    pub(crate) fn prepare(&self, lease: &mut Lease, mut wait: Option<&mut Wait<'_>>) -> Result<()> {
        let holder = lease.hold().holder().clone();
        let run = &*holder.run;
        let fingerprint = self.registered.fingerprint()?;
        let runs = self.backend.runs()?;
        let record = lease.hold().record();
        // What a run that is over left is not shared, even if its reaper has yet to come to it.
        let step = step::decide(record, run, fingerprint, &mut |run| {
            let patience = wait.as_deref_mut().map(|wait| wait as &mut dyn Patience);
            runs.is_running(run, patience)
        })?;
        let used_before = record
            .life
            .as_ref()
            .is_some_and(|life| life.runs.iter().any(|known| known == run));
        // If a reset changes nothing in the record, it is written on release.
        let as_written =
            matches!(step, Step::Reset { .. }) && used_before && record.state == State::Clean;
        lease.made_ready();
        let outcome = match step {
            Step::Reset { runs } => self.reset(lease, runs).map_err(|error| ("reset", error)),
            Step::Init => self.init(lease, run, fingerprint)?,
            Step::CleanUpAndInit { must } => match self.clean_up_first(lease)? {
                Err(error) if must => Err(("clean up the outdated", error)),
                Err(error) => {
                    notice::say(&format!(
                        "cleanup of `{}`, which an earlier run left, failed: {error}; `init` is called all the same\n",
                        lease.name()
                    ));
                    self.init(lease, run, fingerprint)?
                }
                Ok(()) => self.init(lease, run, fingerprint)?,
            },
        };
        failpoint::at("hook: done");
        let record = lease.hold().record();
        let life = record.life.get_or_insert_default();
        life.doing = None;
        match outcome {
            Ok(()) => {
                life.done = true;
                life.failures = Failures::default();
                record.state = State::Clean;
                record.reason = None;
                record.last = None;
                match as_written {
                    true => Ok(()),
                    false => lease.hold().save(),
                }
            }
            Err((what, error)) => {
                life.failures.add(run, &error.to_string());
                let failures = life.failures.clone();
                record.state = State::Dirty;
                lease.hold().save()?;
                match failures.given_up(run) {
                    Some(first) => lease.mark_broken(format!(
                        "its {what} failed {} times in this run, the first time: {first}",
                        failures.count
                    )),
                    None => lease.mark_dirty_because(format!("its {what} failed: {error}")),
                }
                let what = format!("{what} `{}`", lease.name());
                Err(failed(&what, &failures, error))
            }
        }
    }

    fn reset(&self, lease: &mut Lease, runs: Vec<String>) -> Done {
        let (name, holder) = (lease.handle().clone(), lease.hold().holder().clone());
        let record = lease.hold().record();
        record.life.get_or_insert_default().runs = runs;
        let last = record.last.take().unwrap_or_default();
        let why = match record.state {
            State::Clean => Reset::Reuse,
            _ => Reset::Dirty(&last),
        };
        self.call(&holder, event::Kind::Reset, Some(&name), &mut || {
            self.registered.resource.reset(&name, why)
        })
    }

    /// Until it is cleaned up it exists, but is of no use: if we die, the next holder
    /// must clean it up first.
    fn clean_up_first(&self, lease: &mut Lease) -> Result<Done> {
        let life = lease.hold().record().life.get_or_insert_default();
        *life = beginning("cleaning up", mem::take(&mut life.failures));
        life.done = true;
        lease.hold().save()?;
        failpoint::at("init: to be taken down first");
        let (name, holder) = (lease.handle().clone(), lease.hold().holder().clone());
        Ok(self.clean_up(&holder, &name))
    }

    /// Cleans up a name that a fingerprint keeps, for good. If that fails, or we die, it is as
    /// what a run has left.
    #[cfg(feature = "tools")]
    pub(crate) fn clean_up_kept(&self, lease: &mut Lease) -> Result<Done> {
        let done = self.clean_up_first(lease)?;
        let record = lease.hold().record();
        match &done {
            Ok(()) => {
                record.life = None;
                record.last = None;
                record.state = State::Clean;
                record.reason = None;
            }
            Err(_) => record.life.get_or_insert_default().doing = None,
        }
        lease.hold().save()?;
        Ok(done)
    }

    fn init(
        &self,
        lease: &mut Lease,
        run: &str,
        fingerprint: Option<&str>,
    ) -> Result<std::result::Result<(), (&'static str, BoxError)>> {
        let (name, holder) = (lease.handle().clone(), lease.hold().holder().clone());
        let life = lease.hold().record().life.get_or_insert_default();
        *life = Life {
            fingerprint: fingerprint.map(str::to_owned),
            runs: vec![run.to_owned()],
            ..beginning("initialising", mem::take(&mut life.failures))
        };
        lease.hold().save()?;
        failpoint::at("init: recorded");
        let done = self.call(&holder, event::Kind::Init, Some(&name), &mut || {
            self.registered.resource.init(&name)
        });
        Ok(done.map_err(|error| ("init", error)))
    }

    /// Calls the `cleanup` of one name.
    pub(crate) fn clean_up(&self, holder: &Holder, name: &Name) -> Done {
        self.call(holder, event::Kind::Cleanup, Some(name), &mut || {
            self.registered.resource.cleanup(name)
        })
    }

    /// How many names to clean up at the same time.
    pub(crate) fn cleanups_at_once(&self) -> usize {
        let ask = || Ok(self.registered.resource.parallel_cleanups());
        // One that panics is asked for nothing more than it must do.
        call(ask).map_or(1, |most| most.max(1))
    }

    /// Calls the pool's `teardown`.
    pub(crate) fn tear_down(&self, holder: &Holder) -> Done {
        self.call(holder, event::Kind::Teardown, None, &mut || {
            self.registered.resource.teardown()
        })
    }

    /// Calls a hook between its two events.
    fn call(
        &self,
        holder: &Holder,
        kind: event::Kind,
        name: Option<&Name>,
        hook: &mut (dyn FnMut() -> Done + Send),
    ) -> Done {
        let log = |phase, detail: Option<&str>| {
            self.backend.log(&Entry {
                name: name.map(|name| name.name()),
                phase: Some(phase),
                detail,
                ..Entry::new(kind, &self.pool, "", holder)
            });
        };
        log(Phase::Started, None);
        let done = call_apart(asker::in_async_test(), hook);
        match &done {
            Ok(()) => log(Phase::Done, None),
            Err(error) => log(Phase::Failed, Some(&error.to_string())),
        }
        done
    }
}

/// What is recorded of a name while this is done to it.
fn beginning(what: &str, failures: Failures) -> Life {
    Life {
        doing: Some(Doing::now(what)),
        failures,
        ..Life::default()
    }
}

fn failed(what: &str, failures: &Failures, error: BoxError) -> Error {
    let message = match failures.count {
        1 => format!("failed to {what}"),
        count => format!(
            "failed to {what} (failure {count} of {} in this run; the first: {})",
            Failures::MOST,
            failures.first
        ),
    };
    Error::hook(message, error)
}

fn given_up(what: &str, first: &str) -> Error {
    Error::new(
        Kind::Broken,
        format!(
            "{what} failed {} times in this run, the first time: {first}",
            Failures::MOST
        ),
    )
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::backend::doubles::{Call, Counting, Double, Failing, Script, Verdict};
    use crate::declared::resource::{Resource, ResourceSpec, boxed};
    use crate::journal::Kind;
    use crate::memory::session::{Session, World, config};
    use crate::pool::Pool;

    /// Notes what it is asked, and fails where it is told to.
    #[derive(Clone, Default)]
    struct Fake(Arc<Mutex<Asked>>);

    #[derive(Default)]
    struct Asked {
        hooks: Vec<&'static str>,
        failing: Option<&'static str>,
    }

    impl Fake {
        fn hook(&self, hook: &'static str) -> Done {
            let mut asked = self.0.lock().unwrap();
            asked.hooks.push(hook);
            match asked.failing == Some(hook) {
                true => Err(format!("no {hook} today").into()),
                false => Ok(()),
            }
        }

        fn fail(&self, hook: Option<&'static str>) {
            self.0.lock().unwrap().failing = hook;
        }

        /// What was asked since this was called last.
        fn take(&self) -> Vec<&'static str> {
            mem::take(&mut self.0.lock().unwrap().hooks)
        }
    }

    impl Resource for Fake {
        fn setup(&self) -> Done {
            self.hook("setup")
        }

        fn init(&self, _: &Name) -> Done {
            self.hook("init")
        }

        fn reset(&self, _: &Name, _: Reset<'_>) -> Done {
            self.hook("reset")
        }
    }

    static SPEC: ResourceSpec = ResourceSpec::of_test("tests", file!(), line!());

    struct Scene {
        world: World,
        fake: Fake,
    }

    impl Scene {
        fn new() -> Self {
            let scene = Self {
                world: World::new(),
                fake: Fake::default(),
            };
            scene.stand_by("run");
            scene
        }

        /// The run has a reaper, so that nobody starts one, until the end of the test.
        fn stand_by(&self, run: &'static str) {
            let runs = self.world.session(run).backend("db").runs().unwrap();
            mem::forget(runs.stand_by(run).unwrap().unwrap());
        }

        /// A pool of one name in a session of its own, behind this script.
        fn pool(&self, script: &Arc<impl Script + 'static>) -> (Session, Pool) {
            let session = self.world.session("run");
            let pool = self.open(&session, Double::new(session.backend("db"), script));
            (session, pool)
        }

        fn open(&self, session: &Session, backend: Arc<dyn Backend>) -> Pool {
            self.open_with(&SPEC, session, backend)
        }

        fn open_with(
            &self,
            spec: &'static ResourceSpec,
            session: &Session,
            backend: Arc<dyn Backend>,
        ) -> Pool {
            let opened = session.open("db", config("db", Some(1)), backend);
            let code = Registered::code_of(spec);
            let registered = Registered::new("db", code, boxed(self.fake.clone()));
            Pool {
                opened: Arc::new(opened.with_resource(registered)),
            }
        }

        fn state(&self) -> State {
            self.world.record("db", "db-0").unwrap().state
        }
    }

    #[test]
    fn a_run_beside_another_with_other_hooks_is_told_of_both() {
        static OTHER: ResourceSpec = ResourceSpec::of_test("other::tests", "src/other.rs", 7);
        let scene = Scene::new();
        scene.stand_by("other");
        let told = |spec, run| {
            let session = scene.world.session(run);
            session.keep_notices();
            let pool = scene.open_with(spec, &session, session.backend("db"));
            pool.acquire().unwrap().release().unwrap();
            let notices = session.notices();
            // It goes on: its reaper stands by.
            mem::forget((session, pool));
            notices
        };
        assert_eq!(told(&SPEC, "run"), "");
        assert_eq!(told(&SPEC, "run"), "");
        let backend = scene.world.session("run").backend("db");
        let key = backend.key();
        let here = format!("crate `tests` ({}:{})", SPEC.place.file, SPEC.place.line);
        let warning = format!(
            "name-manager: pool `db` at `{key}` is shared with run run, which may have other hooks: {here}, and here crate `other` (src/other.rs:7); what one makes ready, the other resets and cleans up: use the same hooks in both, or give them pools of their own\n"
        );
        assert_eq!(told(&OTHER, "other"), warning);
        assert_eq!(told(&OTHER, "other"), "");
    }

    #[test]
    fn an_acquire_asks_the_backend_no_more_than_it_must() {
        let scene = Scene::new();
        let counting = Arc::new(Counting::default());
        let (_session, pool) = scene.pool(&counting);
        pool.acquire().unwrap().release().unwrap();
        assert_eq!(scene.fake.take(), ["setup", "init"]);
        counting.take();
        pool.acquire().unwrap().release().unwrap();
        assert_eq!(scene.fake.take(), ["reset"]);
        // A name that is reset is written by its release alone.
        let (runs, hook) = ((Call::Runs, 2), (Call::Log, 2));
        let lease = [(Call::Acquire, 1), (Call::End, 1)];
        assert_eq!(counting.take(), [lease[0], hook, runs, lease[1]]);
    }

    #[test]
    fn a_reset_that_fails_leaves_the_name_dirty_and_breaks_it_in_the_end() {
        let scene = Scene::new();
        let (_session, pool) = scene.pool(&Arc::new(Counting::default()));
        pool.acquire().unwrap().release().unwrap();
        scene.fake.fail(Some("reset"));
        for state in [State::Dirty, State::Dirty, State::Broken] {
            let error = pool.acquire().unwrap_err();
            assert!(error.is_hook(), "{error}");
            assert_eq!(scene.state(), state);
        }
        scene.fake.take();
        let error = pool.acquire().unwrap_err();
        assert!(error.is_broken(), "{error}");
        assert!(error.to_string().contains("no reset today"), "{error}");
        assert_eq!(scene.fake.take(), [""; 0]);
    }

    #[test]
    fn a_reset_that_fails_and_then_succeeds_leaves_nothing_behind() {
        let scene = Scene::new();
        let (_session, pool) = scene.pool(&Arc::new(Counting::default()));
        pool.acquire().unwrap().release().unwrap();
        scene.fake.fail(Some("reset"));
        pool.acquire().unwrap_err();
        scene.fake.fail(None);
        pool.acquire().unwrap().release().unwrap();
        let record = scene.world.record("db", "db-0").unwrap();
        assert_eq!((record.state, record.reason), (State::Clean, None));
        assert_eq!(record.life.unwrap().failures.count, 0);
    }

    #[test]
    fn a_setup_that_fails_is_tried_by_the_next_three_times_in_all() {
        let scene = Scene::new();
        let (_session, pool) = scene.pool(&Arc::new(Counting::default()));
        scene.fake.fail(Some("setup"));
        for _ in 0..3 {
            let error = pool.acquire().unwrap_err();
            assert!(error.is_hook(), "{error}");
            assert_eq!(scene.fake.take(), ["setup"]);
        }
        let error = pool.acquire().unwrap_err();
        assert!(error.is_broken(), "{error}");
        assert_eq!(scene.fake.take(), [""; 0]);
        assert_eq!(scene.world.record("db", "db-0"), None);
    }

    #[test]
    fn a_process_that_could_not_set_up_joins_again_and_then_only_once() {
        for spoilt in [Call::Join, Call::EnsureReaper, Call::Life, Call::WriteLife] {
            let scene = Scene::new();
            let session = scene.world.session("run");
            let failing = Arc::new(Failing::nth(spoilt, 1));
            let counting = Arc::new(Counting::default());
            let spoilt = Double::new(session.backend("db"), &failing);
            let pool = scene.open(&session, Double::new(spoilt, &counting));
            let joins = || {
                let counts = counting.take().into_iter();
                let mut joins = counts.filter(|(call, _)| *call == Call::Join);
                joins.next().map_or(0, |(_, count)| count)
            };
            let error = pool.acquire().unwrap_err();
            assert!(error.to_string().contains("is to fail"), "{error}");
            for expected in [1, 1, 0] {
                assert_eq!(joins(), expected);
                pool.acquire().unwrap().release().unwrap();
            }
            assert_eq!(scene.fake.take()[..2], ["setup", "init"]);
        }
    }

    /// The second: the name was initialised, and only that was not written down.
    #[test]
    fn a_record_that_cannot_be_written_fails_the_request_and_frees_the_name() {
        for (save, then) in [(1, "init"), (2, "reset")] {
            let scene = Scene::new();
            let failing = Arc::new(Failing::nth(Call::Save, save));
            let (_session, pool) = scene.pool(&failing);
            let error = pool.acquire().unwrap_err();
            assert_eq!(error.to_string(), "Save is to fail");
            assert!(failing.is_over());
            scene.fake.take();
            pool.acquire().unwrap().release().unwrap();
            assert_eq!(scene.fake.take(), [then]);
            let events = scene.world.events("db").into_iter();
            let died = events.filter(|event| event.kind == Kind::Died).count();
            assert_eq!(died, 0, "it was given back");
        }
    }

    #[test]
    fn a_process_joins_anew_the_run_of_a_pool_that_was_removed() {
        let scene = Arc::new(Scene::new());
        let removing = {
            let scene = scene.clone();
            let left = Mutex::new(Some(()));
            Arc::new(move |call: Call| {
                // As a state directory that is removed between joining and asking.
                if call == Call::Acquire && left.lock().unwrap().take().is_some() {
                    scene.world.remove("db");
                    scene.stand_by("run");
                    return Verdict::Lose;
                }
                Verdict::Pass
            })
        };
        let (_session, pool) = scene.pool(&removing);
        let lease = pool.acquire().unwrap();
        assert_eq!(scene.fake.take(), ["setup", "setup", "init"]);
        let other = scene.world.session("other").backend("db").runs().unwrap();
        assert!(other.is_alive("run", None).unwrap());
        lease.release().unwrap();
    }
}
