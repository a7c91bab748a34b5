//! A name's life: set up, initialised, reset, and taken down by the reaper.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use crate::base::error::{BoxError, Error, Kind, Result};
use crate::base::{clock, failpoint, notice};
use crate::declared::call::call_apart;
use crate::declared::registered::Registered;
use crate::declared::resource::Reset;
use crate::identity::{asker, run};
use crate::journal::Entry;
use crate::lend::lease::Lease;
use crate::lend::wait::Wait;
use crate::local::dir::{PoolDir, unusable};
use crate::local::lock::Locked;
use crate::local::pool_life;
use crate::local::runs::{self, RunLocks};
use crate::local::{files, line};
use crate::modes::reaper;
use crate::pool::Shared;
use crate::terms::access::Access;
use crate::terms::event;
use crate::terms::event::Phase;
use crate::terms::holder::Holder;
use crate::terms::record::{Doing, Failures, Life, State};

/// A pool's resource, and this process's part in the run's life.
pub(crate) struct Hooks {
    pub(crate) registered: Registered,
    /// Locked as long as the process lives, once it uses the pool.
    joined: Mutex<Option<Joined>>,
}

struct Joined {
    dir: Arc<PoolDir>,
    alive: Locked,
}

impl Hooks {
    pub(crate) fn new(registered: Registered) -> Self {
        Self {
            registered,
            joined: Mutex::default(),
        }
    }

    /// Before anything is acquired: the process joins the run's life, which has a
    /// reaper, and the pool is set up.
    pub(crate) fn enter(
        &self,
        pool: &Shared,
        dir: &Arc<PoolDir>,
        wait: &mut Wait<'_>,
    ) -> Result<()> {
        let joined = || self.joined.lock().unwrap_or_else(PoisonError::into_inner);
        let has_joined = |joined: &Option<Joined>| {
            joined
                .as_ref()
                .is_some_and(|joined| Arc::ptr_eq(&joined.dir, dir))
        };
        if has_joined(&joined()) {
            return Ok(());
        }
        // Several threads may do this at once, each with its own deadline.
        let run = run::id()?;
        let locks = RunLocks::open(dir, run)?;
        // Alive before there is a reaper: it waits for us.
        let alive = locks.live(dir, wait)?;
        failpoint::at("run: joined");
        reaper::ensure(pool, self.registered.spec, &locks)?;
        failpoint::at("run: has a reaper");
        self.set_up(pool, dir, run, wait)?;
        let mut joined = joined();
        if !has_joined(&joined) {
            let before = joined.replace(Joined {
                dir: dir.clone(),
                alive,
            });
            if let Some(before) = before
                && before.dir.pid != std::process::id()
            {
                before.alive.leave();
            }
        }
        Ok(())
    }

    /// A reader that others let in uses the name, too.
    pub(crate) fn join(&self, lease: &mut Lease) -> Result<()> {
        let run = run::id()?;
        let name = lease.handle().clone();
        let Some(held) = lease.held_mut() else {
            return Ok(());
        };
        let is_known = |life: &Life| life.runs.iter().any(|known| known == run);
        if held.record.life.as_ref().is_none_or(is_known) {
            return Ok(());
        }
        let added = held.file.update(|record| match &mut record.life {
            Some(life) if !is_known(life) => life.runs.push(run.to_owned()),
            _ => {}
        });
        let path = held.dir.names.path().join(files::record(&name));
        added.map_err(|error| unusable(&path, error))
    }

    fn set_up(&self, pool: &Shared, dir: &PoolDir, run: &str, wait: &mut Wait<'_>) -> Result<()> {
        let turn = line::lock(&dir.pool, files::LIFE_LOCK, Access::Exclusive, dir, wait)?;
        let mut life = pool_life::read(dir)?;
        let nothing_new = life.reaped.is_empty() && life.runs.iter().any(|known| known == run);
        for line in std::mem::take(&mut life.reaped) {
            notice::say(&format!("{line}\n"));
        }
        if let Some(first) = life.failures.given_up(run) {
            return Err(given_up(&format!("setup of pool `{}`", pool.name), first));
        }
        let usable = life.done && uses(dir, &mut life.runs, run)?;
        if usable {
            return match nothing_new {
                true => Ok(()),
                false => pool_life::write(&mut life, dir),
            };
        }
        life.done = false;
        life.runs = vec![run.to_owned()];
        pool_life::write(&mut life, dir)?;
        let holder = wait.holder().clone();
        let log = |phase, detail: Option<&str>| {
            log(pool, dir, &holder, event::Kind::Setup, None, phase, detail);
        };
        log(Phase::Started, None);
        let started = Instant::now();
        let set_up = call_apart(asker::in_async_test(), || self.registered.resource.setup());
        wait.pause(started.elapsed());
        match set_up {
            Ok(()) => {
                log(Phase::Done, None);
                life.done = true;
                life.failures = Failures::none();
                pool_life::write(&mut life, dir)
            }
            Err(error) => {
                log(Phase::Failed, Some(&error.to_string()));
                life.failures.add(run, &error.to_string());
                pool_life::write(&mut life, dir)?;
                drop(turn);
                Err(failed(
                    &format!("set up pool `{}`", pool.name),
                    &life.failures,
                    error,
                ))
            }
        }
    }

    /// Makes a name ready for the body of its new, exclusive holder.
    pub(crate) fn prepare(&self, pool: &Shared, lease: &mut Lease) -> Result<()> {
        let run = run::id()?;
        let fingerprint = self.registered.fingerprint()?.map(str::to_owned);
        let name = lease.handle().clone();
        let Some(held) = lease.held_mut() else {
            return Ok(());
        };
        let dir = held.dir.clone();
        held.as_it_was = false;
        let broken = held.record.state == State::Broken;
        let life = held.record.life.get_or_insert_default();
        let is_new = !life.runs.iter().any(|known| known == run);
        let same = life.done && life.fingerprint == fingerprint && !broken;
        let kept = same && fingerprint.is_some();
        let usable = same && (uses(&dir, &mut life.runs, run)? || kept);
        if kept && !life.runs.iter().any(|known| known == run) {
            life.runs = vec![run.to_owned()];
        }
        let holder = held.holder.clone();
        let apart = asker::in_async_test();
        let outcome = match usable {
            true => {
                let last = held.record.last.take().unwrap_or_default();
                let why = match held.record.state {
                    State::Clean => Reset::Reuse,
                    _ => Reset::Dirty(&last),
                };
                let log = |phase, detail: Option<&str>| {
                    log(
                        pool,
                        &dir,
                        &holder,
                        event::Kind::Reset,
                        Some(&name),
                        phase,
                        detail,
                    );
                };
                log(Phase::Started, None);
                let reset = call_apart(apart, || self.registered.resource.reset(&name, why));
                end(&log, reset).map_err(|error| ("reset", error))
            }
            false => {
                let done = life.done;
                let outdated = done && (life.fingerprint.is_some() || broken);
                let doing = Doing {
                    what: "initialising".to_owned(),
                    since: clock::now(),
                };
                let mut begun = Life {
                    done,
                    fingerprint: None,
                    runs: Vec::new(),
                    doing: Some(doing),
                    failures: std::mem::take(&mut life.failures),
                };
                // Until it is taken down it is there, of no use to anybody: whoever
                // comes after our death must take it down first.
                let clean = match done {
                    true => {
                        held.record.life = Some(begun.clone());
                        held.write(&name)?;
                        failpoint::at("init: to be taken down first");
                        self.clean_up(pool, &dir, &holder, &name)
                    }
                    false => Ok(()),
                };
                // What a run left that is over (it was kept, or its reaper was
                // killed) may have gone with its server: `init` sees to the rest.
                let clean = clean.or_else(|error| if outdated { Err(error) } else { Ok(()) });
                let log = |phase, detail: Option<&str>| {
                    log(
                        pool,
                        &dir,
                        &holder,
                        event::Kind::Init,
                        Some(&name),
                        phase,
                        detail,
                    );
                };
                match clean {
                    Err(error) => Err(("clean up the outdated", error)),
                    Ok(()) => {
                        begun.done = false;
                        begun.fingerprint = fingerprint;
                        begun.runs = vec![run.to_owned()];
                        held.record.life = Some(begun);
                        held.write(&name)?;
                        failpoint::at("init: recorded");
                        log(Phase::Started, None);
                        let init = call_apart(apart, || self.registered.resource.init(&name));
                        end(&log, init).map_err(|error| ("init", error))
                    }
                }
            }
        };
        failpoint::at("hook: done");
        let life = held.record.life.get_or_insert_default();
        life.doing = None;
        match outcome {
            Ok(()) => {
                life.done = true;
                life.failures = Failures::none();
                let rewrite = !usable || is_new || held.record.state != State::Clean;
                held.record.state = State::Clean;
                held.record.reason = None;
                held.record.last = None;
                // A reset name that stays as it was is written when it is given back.
                match rewrite {
                    true => held.write(&name),
                    false => Ok(()),
                }
            }
            Err((what, error)) => {
                life.failures.add(run, &error.to_string());
                let failures = life.failures.clone();
                held.record.state = State::Dirty;
                held.write(&name)?;
                match failures.given_up(run) {
                    Some(first) => lease.mark_broken(format!(
                        "its {what} failed {} times in this run, the first time: {first}",
                        failures.count
                    )),
                    None => lease.mark_dirty_because(format!("its {what} failed: {error}")),
                }
                Err(failed(&format!("{what} `{name}`"), &failures, error))
            }
        }
    }

    /// Calls the `cleanup` of one name.
    pub(crate) fn clean_up(
        &self,
        pool: &Shared,
        dir: &PoolDir,
        holder: &Holder,
        name: &crate::terms::name::Name,
    ) -> std::result::Result<(), BoxError> {
        let log = |phase, detail: Option<&str>| {
            log(
                pool,
                dir,
                holder,
                event::Kind::Cleanup,
                Some(name),
                phase,
                detail,
            );
        };
        log(Phase::Started, None);
        let apart = asker::in_async_test();
        end(
            &log,
            call_apart(apart, || self.registered.resource.cleanup(name)),
        )
    }

    /// Calls the pool's `teardown`.
    pub(crate) fn tear_down(
        &self,
        pool: &Shared,
        dir: &PoolDir,
        holder: &Holder,
    ) -> std::result::Result<(), BoxError> {
        let log = |phase, detail: Option<&str>| {
            log(
                pool,
                dir,
                holder,
                event::Kind::Teardown,
                None,
                phase,
                detail,
            );
        };
        log(Phase::Started, None);
        end(
            &log,
            call_apart(false, || self.registered.resource.teardown()),
        )
    }
}

/// Joins the users of something that is done: ours already, or another live
/// run's. What only dead runs used, nobody took down: it must be done again.
fn uses(dir: &PoolDir, runs: &mut Vec<String>, run: &str) -> Result<bool> {
    if runs.iter().any(|known| known == run) {
        return Ok(true);
    }
    let mut alive = Vec::new();
    for known in runs.drain(..) {
        if runs::is_alive(dir, &known)? {
            alive.push(known);
        }
    }
    *runs = alive;
    if runs.is_empty() {
        return Ok(false);
    }
    runs.push(run.to_owned());
    Ok(true)
}

fn end(
    log: &dyn Fn(Phase, Option<&str>),
    result: std::result::Result<(), BoxError>,
) -> std::result::Result<(), BoxError> {
    match &result {
        Ok(()) => log(Phase::Done, None),
        Err(error) => log(Phase::Failed, Some(&error.to_string())),
    }
    result
}

fn log(
    pool: &Shared,
    dir: &PoolDir,
    holder: &Holder,
    kind: event::Kind,
    name: Option<&str>,
    phase: Phase,
    detail: Option<&str>,
) {
    let entry = Entry {
        name,
        phase: Some(phase),
        detail,
        ..Entry::new(kind, &pool.name, "", holder)
    };
    dir.journal.write(&dir.pool, &entry);
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
