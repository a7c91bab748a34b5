//! Takes what an allocator grants.

use std::io;
use std::time::{Duration, Instant};

use nm_os::LOOK_AGAIN;

use crate::backend::ask::Ask;
use crate::backend::broken;
use crate::backend::decisions::{ASK_AGAIN, Asker, Decided, Decisions};
use crate::backend::missing_code;
use crate::backend::patience::Patience;
use crate::base::error::{Error, Result};
use crate::base::json;
use crate::local::dir::{PoolDir, replace, unusable};
use crate::local::head::{self, Head, Take, Taken, try_lock_name};
use crate::local::lock::Locked;
use crate::local::queue::Ticket;
use crate::local::wakeup::Wakeup;
use crate::local::{blocked, files, look, pool_code};
use crate::terms::access::Access;
use crate::terms::code::{Code, PoolCode};
use crate::terms::decision::Decide;

/// For how long a name may be locked by a process that does not hold it.
const A_LOOK: Duration = Duration::from_secs(1);

fn read(dir: &PoolDir) -> Result<Decisions> {
    let path = dir.pool.path().join(files::DECISIONS);
    let text = match nm_os::read_regular(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Decisions::none()),
        Err(error) => return Err(unusable(&path, error)),
    };
    // Guessing what was decided could hand out one thing twice.
    json::from_slice(&text).ok_or_else(|| {
        Error::config(format!(
            "`{}` is unreadable; remove it while no tests run: the decisions of the pool's allocator are then forgotten",
            path.display()
        ))
    })
}

fn write(decisions: &Decisions, dir: &PoolDir) -> Result<()> {
    let path = dir.pool.path().join(files::DECISIONS);
    replace(&path, &(json::to_string(decisions) + "\n"))
}

/// Tells the allocator of every holder that has ended, unless a request is being served,
/// which does so itself.
pub(crate) fn take_back(dir: &PoolDir, ask: &Ask<'_>) -> Result<()> {
    let (Some(allocator), Some(_head)) = (ask.decide, Head::enter_soon(dir)?) else {
        return Ok(());
    };
    match Turn::soon(dir)? {
        Some(turn) => turn.take_back(ask, allocator).map(drop),
        None => Ok(()),
    }
}

/// A request's place while it is served: kept until what it took is on record.
pub(crate) struct Place<'a> {
    _ticket: Option<Ticket>,
    _turn: Turn<'a>,
    _head: Option<Head<'a>>,
}

/// Takes what the allocator grants, waiting in the queue while it is busy. Waiters ask it
/// by themselves: so one for which it has no room does not hold up those behind. `None` if
/// the directory turned out to be removed.
pub(crate) fn take<'a>(
    dir: &'a PoolDir,
    ask: &Ask<'_>,
    allocator: &dyn Decide,
    patience: &mut dyn Patience,
) -> Result<Option<(Taken, Place<'a>)>> {
    let head = match Head::enter_now(dir)? {
        None => None,
        Some(head) if !head.is_current()? => return Ok(None),
        Some(head) => {
            let turn = Turn::take(dir, patience)?;
            match take_with(turn, head, ask, allocator)? {
                Ok(served) => return Ok(Some(served)),
                Err(head) => Some(head),
            }
        }
    };
    patience.blocked();
    let said = json::to_string(&Asker::of(ask));
    let ticket = Ticket::draw(dir, ask.request, &said, patience)?;
    // Not before there is a ticket: a request that came in between would be before us.
    drop(head);
    let mut wakeup = Wakeup::new(dir);
    let mut known = Vec::new();
    loop {
        let out = read(dir)?.names;
        // Asked after this: a holder that ends from here on wakes us.
        wakeup.listen(out.iter().cloned());
        let turn = Turn::take(dir, patience)?;
        if !dir.is_current() {
            return Ok(None);
        }
        let (names, asked) = turn.ask(ask, allocator, Some(&ticket))?;
        let pause = match asked {
            Decided::Granted(taken) => {
                let place = Place {
                    _ticket: Some(ticket),
                    _turn: turn,
                    _head: None,
                };
                return Ok(Some((*taken, place)));
            }
            // What a waiter behind us was granted meanwhile, does not wake us.
            Decided::Busy if names == out && names == known => ASK_AGAIN,
            Decided::Busy | Decided::Later => LOOK_AGAIN,
        };
        drop(turn);
        known = names;
        patience.tick()?;
        let timeout = patience.until().saturating_duration_since(Instant::now());
        wakeup.wait(timeout.min(pause));
    }
}

/// Takes what the allocator grants, if it does now.
pub(crate) fn try_take<'a>(
    head: Head<'a>,
    ask: &Ask<'_>,
    allocator: &dyn Decide,
) -> Result<Option<(Taken, Place<'a>)>> {
    match Turn::soon(head.dir)? {
        Some(turn) => Ok(take_with(turn, head, ask, allocator)?.ok()),
        None => Ok(None),
    }
}

/// As [`try_take`], for the head of an empty queue; gives it back if it gets nothing.
fn take_with<'a>(
    turn: Turn<'a>,
    head: Head<'a>,
    ask: &Ask<'_>,
    allocator: &dyn Decide,
) -> Result<std::result::Result<(Taken, Place<'a>), Head<'a>>> {
    let (_, Decided::Granted(taken)) = turn.ask(ask, allocator, None)? else {
        return Ok(Err(head));
    };
    let place = Place {
        _ticket: None,
        _turn: turn,
        _head: Some(head),
    };
    Ok(Ok((*taken, place)))
}

/// The right to ask the allocator, until this drops.
pub(crate) struct Turn<'a> {
    dir: &'a PoolDir,
    _lock: Locked,
}

impl<'a> Turn<'a> {
    fn take(dir: &'a PoolDir, patience: &mut dyn Patience) -> Result<Self> {
        let file = files::DECISIONS_LOCK;
        let _lock = blocked::lock(&dir.pool, file, Access::Exclusive, patience)?;
        Ok(Self { dir, _lock })
    }

    /// Another process may just be deciding: it is given a moment.
    fn soon(dir: &'a PoolDir) -> Result<Option<Self>> {
        let lock = blocked::lock_soon(&dir.pool, files::DECISIONS_LOCK)?;
        Ok(lock.map(|_lock| Self { dir, _lock }))
    }

    /// Asks the allocator once, for the owner of a ticket or if there are no waiters. Also
    /// the names that are out.
    fn ask(
        &self,
        ask: &Ask<'_>,
        allocator: &dyn Decide,
        ticket: Option<&Ticket>,
    ) -> Result<(Vec<String>, Decided<Box<Taken>>)> {
        let mut decisions = self.take_back(ask, allocator)?;
        // Those of a given name, and others that do not ask the allocator, say who they are alone.
        let askers = |ticket: &Ticket| {
            let said = ticket.line()?.into_iter();
            Ok(said.filter_map(|said| json::from_slice(&said)).collect())
        };
        let line = || ticket.map_or(Ok(Vec::new()), askers);
        let own = ask.request.text();
        let assigned = match decisions.decide_in_line(ask, allocator, &own, line)? {
            Decided::Granted(assigned) => assigned,
            Decided::Busy => return Ok((decisions.names, Decided::Busy)),
            Decided::Later => return Ok((decisions.names, Decided::Later)),
        };
        // Locked before it is written down: if we die in between, nothing was decided.
        let index = decisions.names.len() - 1;
        let mut taken = match self.take_granted(ask, index, &assigned.name)? {
            Take::Taken(taken) => taken,
            Take::Busy => return Err(Decisions::held_outside(ask, &assigned)),
            Take::Broken(reason) => return Err(broken::error(ask.pool, &reason)),
        };
        write(&decisions, self.dir)?;
        taken.assigned = Some(assigned);
        Ok((decisions.names, Decided::Granted(Box::new(taken))))
    }

    /// Tells the allocator of every holder that has ended. The decisions that are left.
    fn take_back(&self, ask: &Ask<'_>, allocator: &dyn Decide) -> Result<Decisions> {
        let mut decisions = read(self.dir)?;
        if let Some(code) = ask.allocator {
            self.declare(ask, code, &decisions)?;
        }
        let ended = self.ended(&decisions)?;
        if !ended.is_empty() {
            decisions.take_back(ask, allocator, &ended)?;
            write(&decisions, self.dir)?;
        }
        Ok(decisions)
    }

    /// Makes sure that no process without the allocator takes names from here on, and that
    /// none holds one that it took before.
    fn declare(&self, ask: &Ask<'_>, code: &Code, decisions: &Decisions) -> Result<()> {
        let ours = PoolCode {
            allocator: Some(code.clone()),
            ..PoolCode::default()
        };
        let known = pool_code::add(self.dir, &ours)?;
        if known.allocator.is_some() {
            return Ok(());
        }
        let path = self.dir.names.path();
        let recorded = look::recorded(path).map_err(|error| unusable(path, error))?;
        for name in recorded {
            let is_known = decisions.names.contains(&name);
            if !is_known && try_lock_name(self.dir, &name, Access::Exclusive)?.is_none() {
                // The next decision must look again.
                pool_code::write(self.dir, &known)?;
                let record = look::read(path, &name);
                return Err(missing_code::held_without(
                    ask.pool,
                    &name,
                    record.as_ref(),
                    code,
                ));
            }
        }
        Ok(())
    }

    /// Names whose holders have ended: their locks are free, or shared by a process that
    /// looks whether they are held, since holders share none.
    fn ended(&self, decisions: &Decisions) -> Result<Vec<String>> {
        let mut ended = Vec::new();
        for name in &decisions.names {
            if try_lock_name(self.dir, name, Access::Shared)?.is_some() {
                ended.push(name.clone());
            }
        }
        Ok(ended)
    }

    /// Takes a name that the allocator grants. It is free, but a process that looks whether
    /// it is held, or that is refused it, locks it for a moment.
    fn take_granted(&self, ask: &Ask<'_>, index: usize, name: &str) -> Result<Take> {
        let taken = blocked::within(A_LOOK, || {
            if head::is_reserved(self.dir, name)? {
                return Ok(None);
            }
            match head::take(self.dir, ask, index, name)? {
                Take::Busy => Ok(None),
                found => Ok(Some(found)),
            }
        });
        Ok(taken?.unwrap_or(Take::Busy))
    }
}
