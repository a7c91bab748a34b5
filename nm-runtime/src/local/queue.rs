//! A pool's queue: its waiters, in arrival order.
//!
//! The kernel wakes the waiters of a lock in the order in which they came, but
//! gives the lock to the first process that asks after it is free: under load that
//! is a newcomer, again and again. So a waiter draws a numbered ticket, a file that
//! it keeps locked, and waits for the ticket before its own. One file names the last ticket
//! drawn, which is the one before the next; another names the first one, so that whoever
//! waited for that knows to be the first now. So nobody looks through the queue, however
//! long it is, except behind a waiter that gave up or died: there a waiter looks for the
//! last ticket before that.

use std::collections::BinaryHeap;
use std::io;
use std::path::PathBuf;

use nm_os::{Dir, OpenFile};

use crate::backend::ask::RequestId;
use crate::backend::patience::Patience;
use crate::base::error::Result;
use crate::base::failpoint;
use crate::local::dir::{PoolDir, unusable};
use crate::local::lock::Locked;
use crate::local::ticket_file::{self, TicketFile};
use crate::local::timed_lock::Pending;
use crate::local::{blocked, files};
use crate::terms::access::Access;

/// A request's own ticket: its place in the queue, until this drops.
#[derive(Debug)]
pub(crate) struct Ticket {
    tickets: Dir,
    own: TicketFile,
    /// The last ticket drawn before; `None` if that is unknown.
    before: Option<TicketFile>,
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
    // Most likely somebody waits, and then the last one does.
    if let Some(last) = Note::open(&tickets, files::LAST_TICKET)?.ticket()?
        && !is_given_up(&tickets, &last)?
    {
        return Ok(false);
    }
    for ticket in list(&tickets)? {
        if !is_given_up(&tickets, &ticket)? {
            return Ok(false);
        }
    }
    Ok(true)
}

impl Ticket {
    /// Joins the queue at its end, for this request. The ticket says this.
    pub(crate) fn draw(
        dir: &PoolDir,
        request: RequestId,
        said: &str,
        patience: &mut dyn Patience,
    ) -> Result<Self> {
        let waiting = announce(dir, patience)?;
        failpoint::at("line: announced");
        let path = dir.pool.path().join(files::TICKETS);
        let tickets = Dir::create(&path).map_err(|error| unusable(&path, error))?;
        let draw = blocked::lock(&dir.pool, files::DRAW, Access::Exclusive, patience)?;
        let last = Note::open(&tickets, files::LAST_TICKET)?;
        let before = last.ticket()?;
        let number = match &before {
            Some(before) => before.number,
            // Above all that were drawn before, and so above the mark.
            None => {
                let mark = Note::open(&tickets, files::FIRST_TICKET)?.ticket()?;
                let mark = mark.map_or(0, |first| first.number);
                let known = list(&tickets)?.pop();
                known.map_or(mark, |ticket| ticket.number.max(mark))
            }
        };
        let own = TicketFile::of(number + 1, request);
        let failed = |error| unusable(&path.join(&own.name), error);
        let lock = draw_ticket(&tickets, &own.name).map_err(failed)?;
        failpoint::at("line: ticket locked");
        lock.write(said).map_err(failed)?;
        let noted = last.write(&own.name);
        let ticket = Self {
            tickets,
            own,
            before,
            _lock: lock,
            _waiting: waiting,
        };
        if noted.is_err() {
            // The next waiter would take another for the one before it. Removing needs no
            // room on a full disk.
            let path = path.join(files::LAST_TICKET);
            nm_os::remove(&path).map_err(|error| unusable(&path, error))?;
        }
        failpoint::at("line: noted as the last");
        drop(draw);
        Ok(ticket)
    }

    /// What the tickets of all waiters in the queue say, in arrival order. What those before
    /// this one say is complete.
    pub(crate) fn line(&self) -> Result<Vec<Vec<u8>>> {
        let mut line = Vec::new();
        for ticket in list(&self.tickets)?.into_sorted_vec() {
            if is_given_up(&self.tickets, &ticket)? {
                continue;
            }
            let path = self.tickets.path().join(&ticket.name);
            match nm_os::read_regular(&path) {
                Ok(said) => line.push(said),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(unusable(&path, error)),
            }
        }
        Ok(line)
    }

    /// Waits until every earlier waiter has been served or is gone.
    pub(crate) fn wait_to_be_first(&self, patience: &mut dyn Patience) -> Result<()> {
        if let Some(before) = &self.before {
            self.wait_for(before, patience)?;
        }
        let mark = Note::open(&self.tickets, files::FIRST_TICKET)?;
        // If the one before was the first when it left, we are now.
        let was_first = match &self.before {
            Some(before) => mark.ticket()? >= Some(before.clone()),
            None => false,
        };
        if !was_first {
            while let Some(before) = self.last_before()? {
                self.wait_for(&before, patience)?;
            }
        }
        failpoint::at("line: all before are gone");
        // Without it the next one looks through the queue.
        let _ = mark.write(&self.own.name);
        Ok(())
    }

    /// Waits until the owner of that ticket has left.
    fn wait_for(&self, ticket: &TicketFile, patience: &mut dyn Patience) -> Result<()> {
        let path = self.tickets.path().join(&ticket.name);
        let failed = |error| unusable(&path, error);
        if let Some(file) = self.tickets.existing(&ticket.name).map_err(failed)? {
            let before = Pending::join(file, Access::Shared, Box::new(|| ())).map_err(failed)?;
            failpoint::at("line: waits");
            drop(blocked::for_lock(&before, patience, &path)?);
        }
        Ok(())
    }

    /// The last ticket before ours that is not given up.
    fn last_before(&self) -> Result<Option<TicketFile>> {
        let mut before = list(&self.tickets)?;
        before.retain(|ticket| ticket.number < self.own.number);
        while let Some(ticket) = before.pop() {
            if !is_given_up(&self.tickets, &ticket)? {
                return Ok(Some(ticket));
            }
        }
        Ok(None)
    }
}

/// A line of text beside the tickets. Overwritten in place, in one write of always the
/// same length: a reader sees the old text or the new one.
struct Note {
    file: OpenFile,
    path: PathBuf,
}

impl Note {
    /// Room for any number and request.
    const LENGTH: usize = 63;

    fn open(tickets: &Dir, name: &str) -> Result<Self> {
        let path = tickets.path().join(name);
        let file = tickets.file(name).map_err(|error| unusable(&path, error))?;
        Ok(Self { file, path })
    }

    /// `None` if it was not written, or by others.
    fn read(&self) -> Result<Option<String>> {
        let mut text = [0; Self::LENGTH + 1];
        let read = nm_os::read_at(&self.file, &mut text, 0);
        let read = read.map_err(|error| unusable(&self.path, error))?;
        let text = str::from_utf8(&text).ok().filter(|_| read == text.len());
        Ok(text.map(|text| text.trim_end().to_owned()))
    }

    /// The ticket that it names.
    fn ticket(&self) -> Result<Option<TicketFile>> {
        Ok(self.read()?.and_then(TicketFile::named))
    }

    fn write(&self, text: &str) -> io::Result<()> {
        let text = format!("{text:<width$}\n", width = Self::LENGTH);
        nm_os::write_at_start(&self.file, text.as_bytes())
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
        let _ = nm_os::remove(&self.tickets.path().join(&self.own.name));
    }
}

/// All tickets in the queue, the last drawn on top.
fn list(tickets: &Dir) -> Result<BinaryHeap<TicketFile>> {
    let found = ticket_file::list(tickets.path());
    Ok(found
        .map_err(|error| unusable(tickets.path(), error))?
        .into())
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
            let _ = nm_os::remove(&path);
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

    /// Where each takes a few system calls, as many as take no minutes.
    const ROUNDS: u32 = match cfg!(windows) {
        true => 500,
        false => 20_000,
    };

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
            for number in 0..ROUNDS {
                let name = format!("{number:010}.1-0");
                let ticket = draw_ticket(&tickets, &name).unwrap();
                missing += u32::from(!ticket.is_in(&tickets, &name).unwrap());
                nm_os::remove(&dir.path().join(&name)).unwrap_or_default();
            }
            done.store(true, Ordering::Relaxed);
            assert_eq!(missing, 0);
        });
    }
}
