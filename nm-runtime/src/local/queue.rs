//! A pool's queue: its waiters, in arrival order.
//!
//! The kernel wakes the waiters of a lock in the order in which they came, but
//! gives the lock to the first process that asks after it is free: under load that
//! is a newcomer, again and again. So a waiter draws a numbered ticket, a file that
//! it keeps locked, and waits for the ticket before its own. A waiter that gives up
//! or dies leaves its ticket unlocked, and the waiter behind it waits for the ticket
//! before that.

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

/// A request's own ticket: its place in the queue, until this drops.
#[derive(Debug)]
pub(crate) struct Ticket {
    tickets: Dir,
    number: u64,
    path: PathBuf,
    _lock: Locked,
    _waiting: Locked,
}

/// Shows that there is a waiter, until the lock drops.
pub(crate) fn announce(dir: &PoolDir, patience: &mut dyn Patience) -> Result<Locked> {
    blocked::lock(&dir.pool, files::WAITERS, Access::Shared, patience)
}

/// Whether there is any waiter. Only for the process that has locked the queue: two
/// that ask at the same time would take each other for a waiter.
pub(crate) fn has_waiters(dir: &PoolDir) -> Result<bool> {
    let failed = |error| unusable(&dir.pool.path().join(files::WAITERS), error);
    let file = dir.pool.file(files::WAITERS).map_err(failed)?;
    match Locked::try_lock(file, Access::Exclusive).map_err(failed)? {
        Ok(lock) => {
            dir.pool
                .keep(files::WAITERS, Some(lock.unlock().map_err(failed)?));
            Ok(false)
        }
        Err(file) => {
            dir.pool.keep(files::WAITERS, Some(file));
            Ok(true)
        }
    }
}

/// Whether no waiter is in the queue. For the process that has locked it.
pub(crate) fn is_empty(dir: &PoolDir) -> Result<bool> {
    let path = dir.pool.path().join(files::TICKETS);
    let tickets = match Dir::open(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        tickets => tickets.map_err(|error| unusable(&path, error))?,
    };
    for ticket in list(&tickets)? {
        if !is_given_up(&tickets, &ticket)? {
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
        let path = dir.pool.path().join(files::TICKETS);
        let tickets = Dir::create(&path).map_err(|error| unusable(&path, error))?;
        let draw = blocked::lock(&dir.pool, files::DRAW, Access::Exclusive, patience)?;
        let last = list(&tickets)?.pop().map_or(0, |ticket| ticket.number);
        let name = format!("{:010}.{}", last + 1, request.text());
        let path = path.join(&name);
        let ticket = draw_ticket(&tickets, &name).map_err(|error| unusable(&path, error))?;
        failpoint::at("line: ticket locked");
        drop(draw);
        Ok(Self {
            tickets,
            number: last + 1,
            path,
            _lock: ticket,
            _waiting: waiting,
        })
    }

    /// The requests of all waiters in the queue, in arrival order.
    pub(crate) fn line(&self) -> Result<Vec<String>> {
        let mut line = Vec::new();
        for ticket in list(&self.tickets)?.into_sorted_vec() {
            if !is_given_up(&self.tickets, &ticket)? {
                line.extend(ticket.name.split_once('.').map(|(_, id)| id.to_owned()));
            }
        }
        Ok(line)
    }

    /// Waits until every earlier waiter has been served or is gone.
    pub(crate) fn wait_to_be_first(&self, patience: &mut dyn Patience) -> Result<()> {
        loop {
            let mut before = list(&self.tickets)?;
            before.retain(|ticket| ticket.number < self.number);
            let mut ahead = None;
            while let Some(ticket) = before.pop() {
                if !is_given_up(&self.tickets, &ticket)? {
                    ahead = Some(ticket);
                    break;
                }
            }
            let Some(ticket) = ahead else {
                return Ok(());
            };
            let path = self.tickets.path().join(&ticket.name);
            let failed = |error| unusable(&path, error);
            if let Some(file) = self.tickets.existing(&ticket.name).map_err(failed)? {
                let before =
                    Pending::join(file, Access::Shared, Box::new(|| ())).map_err(failed)?;
                failpoint::at("line: waits");
                drop(blocked::for_lock(&before, patience, &path)?);
            }
        }
    }
}

/// Creates a ticket and locks it.
fn draw_ticket(tickets: &Dir, name: &str) -> io::Result<Locked> {
    loop {
        let file = tickets.file(name)?;
        failpoint::at("line: ticket made");
        let ticket = Locked::lock(file, Access::Exclusive)?;
        // If not, a newcomer took it for given up, since it was not locked yet, and
        // removed it.
        if ticket.is_in(tickets, name)? {
            return Ok(ticket);
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        // Unlink before unlocking, so that an unlocked ticket is one whose owner
        // died. One that cannot be unlinked is taken for that, and removed by others.
        let _ = fs::remove_file(&self.path);
    }
}

/// A ticket in the queue, as its file is named: `number.request`.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct TicketFile {
    number: u64,
    name: String,
}

/// All tickets in the queue, the last drawn on top.
fn list(tickets: &Dir) -> Result<BinaryHeap<TicketFile>> {
    let failed = |error| unusable(tickets.path(), error);
    let mut found = BinaryHeap::new();
    for entry in sys::list(tickets.path()).map_err(failed)? {
        let Ok(name) = entry.map_err(failed)?.file_name().into_string() else {
            continue;
        };
        let number = name
            .split_once('.')
            .and_then(|(number, _)| number.parse().ok())
            // A larger one was made by hand: there must be a next.
            .filter(|number| *number < u64::MAX);
        if let Some(number) = number {
            found.push(TicketFile { number, name });
        }
    }
    Ok(found)
}

/// Whether a ticket's owner is gone; the ticket is removed if so.
fn is_given_up(tickets: &Dir, ticket: &TicketFile) -> Result<bool> {
    let path = tickets.path().join(&ticket.name);
    let failed = |error| unusable(&path, error);
    let Some(file) = tickets.existing(&ticket.name).map_err(failed)? else {
        return Ok(true);
    };
    // Shared, so that processes that look do not take each other for the owner.
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
    fn a_drawn_ticket_stays_while_others_look_through_the_queue() {
        let dir = tempfile::tempdir().unwrap();
        let tickets = Dir::open(dir.path()).unwrap();
        let done = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    for ticket in list(&tickets).unwrap() {
                        is_given_up(&tickets, &ticket).unwrap();
                    }
                }
            });
            let mut missing = 0;
            for number in 0..20_000 {
                let name = format!("{number:010}.1-0");
                let ticket = draw_ticket(&tickets, &name).unwrap();
                missing += u32::from(!ticket.is_in(&tickets, &name).unwrap());
                fs::remove_file(dir.path().join(&name)).unwrap_or_default();
            }
            done.store(true, Ordering::Relaxed);
            assert_eq!(missing, 0);
        });
    }
}
