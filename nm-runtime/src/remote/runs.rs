//! Which runs use a pool on a server: locks that their processes hold there.

use std::sync::Arc;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use crate::backend::patience::Patience;
use crate::backend::runs::{Guard, LifeLock, Reaping, Runs};
use crate::base::error::{Error, Kind, Result};
use crate::base::json;
use crate::remote::link::{Link, Where};
use crate::remote::notes::{self, LIFE, Written};
use crate::remote::request::{Wish, answer, join, only, unexpected};
use crate::remote::token::Token;
use crate::remote::wire::{self, Answer, variant};
use crate::terms::access::Access;
use crate::terms::holder::Holder;
use crate::terms::pool_life::PoolLife;
use crate::terms::record::FORMAT;
use crate::terms::run_note::RunNote;

/// Locked while the pool's life is changed.
const LIFE_LOCK: &str = "#life";
/// Locked by the reaper that is cleaning: one at a time.
const TURN: &str = "#turn";

/// Held by a run's processes, to share.
fn alive(run: &str) -> String {
    format!("#alive {run}")
}

/// Held by its reaper.
fn reaper(run: &str) -> String {
    format!("#reaper {run}")
}

/// Held while a reaper is started.
fn start(run: &str) -> String {
    format!("#start {run}")
}

/// The runs of one pool.
#[derive(Debug)]
pub(crate) struct RemoteRuns {
    pub(crate) link: Arc<Link>,
    pub(crate) at: Where,
    /// This process, as others see it.
    pub(crate) holder: Holder,
    /// The locks by which this process has joined runs.
    pub(crate) joined: Mutex<Vec<Token>>,
}

/// A lock that is held.
#[derive(Debug)]
struct Locked {
    link: Arc<Link>,
    at: Where,
    token: Token,
    name: String,
}

impl Guard for Locked {}

impl Drop for Locked {
    fn drop(&mut self) {
        // A forked child has only its parent's.
        if self.link.is_of_this_process() {
            let held = self
                .link
                .change(self.token, &self.name, |held| held.clone());
            if let Some(held) = held {
                self.link.give_back(&self.at, &held);
            }
        }
    }
}

impl RemoteRuns {
    /// Whether what this process has joined is still joined.
    pub(crate) fn is_current(&self) -> bool {
        let joined = self.joined.lock();
        let joined = joined.unwrap_or_else(std::sync::PoisonError::into_inner);
        let is_lost = |token: &Token| self.link.is_any_lost(*token);
        self.link.is_of_this_process() && !joined.iter().any(is_lost)
    }

    fn ask(
        &self,
        name: &str,
        access: Access,
        waits: bool,
        mut patience: Option<&mut dyn Patience>,
    ) -> Result<Option<Locked>> {
        self.link.connect_within(&mut patience)?;
        let wish = Wish::lock(name.to_owned(), access);
        let request = join(&self.link, &self.at, wish, &self.holder, waits)?;
        let answer = request.wait(patience, |_, _, _| ());
        match answer? {
            Answer::Granted(grants) => {
                let grant = only(grants)?;
                Ok(Some(Locked {
                    link: self.link.clone(),
                    at: self.at.clone(),
                    token: grant.hold.token,
                    name: name.to_owned(),
                }))
            }
            Answer::Busy if !waits => Ok(None),
            other => Err(unexpected(&other)),
        }
    }

    fn lock(
        &self,
        name: &str,
        access: Access,
        patience: Option<&mut dyn Patience>,
    ) -> Result<Locked> {
        let locked = self.ask(name, access, true, patience)?;
        Ok(locked.expect("who waits is not told that others are busy"))
    }

    fn try_lock(
        &self,
        name: &str,
        access: Access,
        patience: Option<&mut dyn Patience>,
    ) -> Result<Option<Locked>> {
        self.ask(name, access, false, patience)
    }

    fn of_run(&self, run: &str) -> Result<wire::Run> {
        match answer(&self.link, &self.at, variant("run", &run))? {
            Answer::Run(run) => Ok(run),
            other => Err(unexpected(&other)),
        }
    }

    /// Has the lock of a run's reaper for a moment.
    #[cfg(feature = "tools")]
    pub(crate) fn share_reaper(&self, run: &str, patience: &mut dyn Patience) -> Result<()> {
        self.lock(&reaper(run), Access::Shared, Some(patience))
            .map(drop)
    }

    /// Whether somebody has this lock alone. To share it for a moment keeps out who tries to
    /// have it alone: that one tries again.
    fn is_locked(&self, name: &str, patience: Option<&mut dyn Patience>) -> Result<bool> {
        Ok(self.try_lock(name, Access::Shared, patience)?.is_none())
    }
}

impl Runs for RemoteRuns {
    fn join(&self, run: &str, patience: &mut dyn Patience) -> Result<Box<dyn Guard>> {
        let locked = self.lock(&alive(run), Access::Shared, Some(patience))?;
        let joined = self.joined.lock();
        joined
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .push(locked.token);
        Ok(Box::new(locked))
    }

    fn is_alive(&self, run: &str, _: Option<&mut dyn Patience>) -> Result<bool> {
        Ok(self.of_run(run)?.alive)
    }

    fn is_running(&self, run: &str, _: Option<&mut dyn Patience>) -> Result<bool> {
        Ok(self.of_run(run)?.running)
    }

    fn ensure_reaper(
        &self,
        run: &str,
        patience: &mut dyn Patience,
        begin: &mut dyn FnMut() -> Result<()>,
    ) -> Result<()> {
        if self.is_locked(&reaper(run), Some(patience))? {
            return Ok(());
        }
        let _start = self.lock(&start(run), Access::Exclusive, Some(patience))?;
        match self.is_locked(&reaper(run), Some(patience))? {
            true => Ok(()),
            false => begin(),
        }
    }

    fn stand_by<'a>(&'a self, run: &str) -> Result<Option<Box<dyn Reaping + 'a>>> {
        let name = reaper(run);
        let reaper = loop {
            match self.try_lock(&name, Access::Exclusive, None)? {
                Some(reaper) => break reaper,
                None if self.is_locked(&name, None)? => return Ok(None),
                // Another process was just looking whether there is one.
                None => thread::sleep(Duration::from_millis(1)),
            }
        };
        let alive = self.lock(&alive(run), Access::Shared, None)?;
        Ok(Some(Box::new(Reaper {
            runs: self,
            run: run.to_owned(),
            alive: Some(alive),
            has_left: false,
            over: None,
            _reaper: reaper,
            turn: None,
        })))
    }

    fn life<'a>(&'a self, patience: Option<&mut dyn Patience>) -> Result<Box<dyn LifeLock + 'a>> {
        Ok(Box::new(Life {
            runs: self,
            lock: self.lock(LIFE_LOCK, Access::Exclusive, patience)?,
        }))
    }

    fn life_by_now(&self) -> Option<PoolLife> {
        let text = notes::read(&self.link, &self.at, LIFE).ok()??;
        json::from_slice(text.as_bytes())
    }

    /// A server keeps what is known of a pool.
    fn is_gone(&self) -> bool {
        false
    }
}

/// A run's reaper.
struct Reaper<'a> {
    runs: &'a RemoteRuns,
    run: String,
    /// Until the runner has ended.
    alive: Option<Locked>,
    /// Whether its note says that something is left.
    has_left: bool,
    /// From then on: no process can join the run.
    over: Option<Locked>,
    _reaper: Locked,
    /// No other reaper cleans. Dropped last: the next one finds this run over.
    turn: Option<Locked>,
}

impl Reaping for Reaper<'_> {
    fn note(&mut self, note: &RunNote) {
        self.has_left = note.has_left();
        let RemoteRuns { link, at, .. } = self.runs;
        let _ = notes::note_run(link, at, &self.run, Some(note));
    }

    fn begin(&mut self) -> Result<()> {
        self.alive = None;
        let alive = alive(&self.run);
        self.over = Some(self.runs.lock(&alive, Access::Exclusive, None)?);
        self.turn = Some(self.runs.lock(TURN, Access::Exclusive, None)?);
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<()> {
        let RemoteRuns { link, at, .. } = self.runs;
        match self.has_left {
            true => Ok(()),
            false => notes::note_run(link, at, &self.run, None),
        }
    }
}

/// The lock under which the pool's life changes.
struct Life<'a> {
    runs: &'a RemoteRuns,
    lock: Locked,
}

impl LifeLock for Life<'_> {
    fn read(&self) -> Result<PoolLife> {
        let text = notes::read(&self.runs.link, &self.runs.at, LIFE)?;
        // Unreadable: nothing is known to be set up.
        let life = text.and_then(|text| json::from_slice(text.as_bytes()));
        Ok(life.unwrap_or_default())
    }

    fn write(&self, life: &PoolLife) -> Result<()> {
        let RemoteRuns { link, at, .. } = self.runs;
        let life = json::to_string(&PoolLife {
            v: FORMAT,
            ..life.clone()
        });
        let mut was = notes::read(link, at, LIFE)?;
        let holding = Some((self.lock.token, &*self.lock.name));
        loop {
            match notes::write(link, at, LIFE, was.as_deref(), Some(&life), holding)? {
                Written::Done => return Ok(()),
                Written::Is(is) if is != was => was = is,
                Written::Is(_) | Written::Gone => {
                    return Err(Error::new(
                        Kind::Lost,
                        format!(
                            "others may be setting up or tearing down pool `{}` as well: this machine was not heard of by the server for too long",
                            at.pool
                        ),
                    ));
                }
            }
        }
    }
}
