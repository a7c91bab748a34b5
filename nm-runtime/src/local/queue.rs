//! A pool's queue: its waiters, in arrival order.
//!
//! The kernel wakes the waiters of a lock in the order in which they came, but
//! gives the lock to the first process that asks after it is free: under load that
//! is a newcomer, again and again. So a waiter draws a numbered ticket, a file that
//! it keeps locked, and waits for the ticket before its own. A waiter that gives up
//! or dies leaves its ticket unlocked, and the one behind waits for the one before
//! that.

use std::collections::BinaryHeap;
use std::fs;
use std::io;
use std::path::PathBuf;

use crate::backend::ask::RequestId;
use crate::backend::patience::Patience;
use crate::base::error::Result;
use crate::base::failpoint;
use crate::local::dir::{PoolDir, unusable};
use crate::local::lock::Locked;
use crate::local::timed_lock::Pending;
use crate::local::{blocked, files};
use crate::sys::{self, Dir};
use crate::terms::access::Access;

/// A ticket of ours: a place in the queue, until it drops.
#[derive(Debug)]
pub(crate) struct Ticket {
    line: Dir,
    number: u64,
    path: PathBuf,
    _lock: Locked,
    _waiting: Locked,
}

/// A waiter's sign that there is one.
pub(crate) fn announce(dir: &PoolDir, patience: &mut dyn Patience) -> Result<Locked> {
    blocked::lock(&dir.pool, files::WAITERS, Access::Shared, patience)
}

/// Whether nobody waits at all. Only for who has locked the queue: a second one
/// to ask at the same time would be mistaken for a waiter.
pub(crate) fn nobody_waits(dir: &PoolDir) -> Result<bool> {
    let failed = |error| unusable(&dir.pool.path().join(files::WAITERS), error);
    let file = dir.pool.file(files::WAITERS).map_err(failed)?;
    match Locked::try_lock(file, Access::Exclusive).map_err(failed)? {
        Ok(lock) => {
            dir.pool
                .keep(files::WAITERS, Some(lock.unlock().map_err(failed)?));
            Ok(true)
        }
        Err(file) => {
            dir.pool.keep(files::WAITERS, Some(file));
            Ok(false)
        }
    }
}

/// Whether anybody stands in line. For who has locked the queue.
pub(crate) fn is_empty(dir: &PoolDir) -> Result<bool> {
    let path = dir.pool.path().join(files::LINE);
    let line = match Dir::open(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        line => line.map_err(|error| unusable(&path, error))?,
    };
    for ticket in tickets(&line)? {
        if !is_given_up(&line, &ticket)? {
            return Ok(false);
        }
    }
    Ok(true)
}

impl Ticket {
    /// Joins the queue at its end, for this request.
    pub(crate) fn draw(
        dir: &PoolDir,
        request: RequestId,
        patience: &mut dyn Patience,
    ) -> Result<Self> {
        let waiting = announce(dir, patience)?;
        failpoint::at("line: announced");
        let path = dir.pool.path().join(files::LINE);
        let line = Dir::create(&path).map_err(|error| unusable(&path, error))?;
        let draw = blocked::lock(&dir.pool, files::DRAW, Access::Exclusive, patience)?;
        let last = tickets(&line)?.pop().map_or(0, |ticket| ticket.number);
        let name = format!("{:010}.{}", last + 1, request);
        let path = path.join(&name);
        let ticket = draw_ticket(&line, &name).map_err(|error| unusable(&path, error))?;
        failpoint::at("line: ticket locked");
        drop(draw);
        Ok(Self {
            line,
            number: last + 1,
            path,
            _lock: ticket,
            _waiting: waiting,
        })
    }

    /// Waits until everybody before has been served or has gone.
    pub(crate) fn wait_to_be_first(&self, patience: &mut dyn Patience) -> Result<()> {
        loop {
            let mut before = tickets(&self.line)?;
            before.retain(|ticket| ticket.number < self.number);
            let mut ahead = None;
            while let Some(ticket) = before.pop() {
                if !is_given_up(&self.line, &ticket)? {
                    ahead = Some(ticket);
                    break;
                }
            }
            let Some(ticket) = ahead else {
                return Ok(());
            };
            let path = self.line.path().join(&ticket.name);
            let failed = |error| unusable(&path, error);
            if let Some(file) = self.line.existing(&ticket.name).map_err(failed)? {
                let before =
                    Pending::join(file, Access::Shared, Box::new(|| ())).map_err(failed)?;
                failpoint::at("line: waits");
                drop(blocked::for_lock(&before, patience, &path)?);
            }
        }
    }
}

/// Makes a ticket and locks it.
fn draw_ticket(line: &Dir, name: &str) -> io::Result<Locked> {
    loop {
        let file = line.file(name)?;
        failpoint::at("line: ticket made");
        let ticket = Locked::lock(file, Access::Exclusive)?;
        // A newcomer that just looked along the line took it for given up, not
        // being locked yet, and cleared it away.
        if ticket.is_in(line, name)? {
            return Ok(ticket);
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        // Unlink before unlocking, so that an unlocked ticket is one whose owner
        // died. What cannot be unlinked is taken for that, and cleared away.
        let _ = fs::remove_file(&self.path);
    }
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Drawn {
    number: u64,
    name: String,
}

/// All tickets in line, the last drawn on top. They are named `number.request`.
fn tickets(line: &Dir) -> Result<BinaryHeap<Drawn>> {
    let failed = |error| unusable(line.path(), error);
    let mut tickets = BinaryHeap::new();
    for entry in sys::list(line.path()).map_err(failed)? {
        let Ok(name) = entry.map_err(failed)?.file_name().into_string() else {
            continue;
        };
        let number = name
            .split_once('.')
            .and_then(|(number, _)| number.parse().ok())
            // One made by hand: there must be a next.
            .filter(|number| *number < u64::MAX);
        if let Some(number) = number {
            tickets.push(Drawn { number, name });
        }
    }
    Ok(tickets)
}

/// Whether a ticket's owner has gone; its ticket is cleared away if so.
fn is_given_up(line: &Dir, ticket: &Drawn) -> Result<bool> {
    let path = line.path().join(&ticket.name);
    let failed = |error| unusable(&path, error);
    let Some(file) = line.existing(&ticket.name).map_err(failed)? else {
        return Ok(true);
    };
    // Shared, so that several who look do not take each other for the owner.
    match Locked::try_lock(file, Access::Shared).map_err(failed)? {
        Ok(_) => {
            let _ = fs::remove_file(&path);
            Ok(true)
        }
        Err(_) => Ok(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;

    #[test]
    fn a_ticket_is_there_once_it_is_drawn_whoever_looks_along_the_line() {
        let dir = tempfile::tempdir().unwrap();
        let line = Dir::open(dir.path()).unwrap();
        let done = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    for ticket in tickets(&line).unwrap() {
                        is_given_up(&line, &ticket).unwrap();
                    }
                }
            });
            let mut missing = 0;
            for number in 0..20_000 {
                let name = format!("{number:010}.1-0");
                let ticket = draw_ticket(&line, &name).unwrap();
                missing += u32::from(!ticket.is_in(&line, &name).unwrap());
                fs::remove_file(dir.path().join(&name)).unwrap_or_default();
            }
            done.store(true, Ordering::Relaxed);
            assert_eq!(missing, 0);
        });
    }
}
