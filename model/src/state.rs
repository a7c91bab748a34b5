//! All that is known at one moment.

use crate::bounds::{CLIENTS, NAMES, POOLS};
use crate::client::{At, Client, File};
use crate::kernel::{Access, Bell, Lock, Owner};

/// The whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct State {
    /// The clients.
    pub clients: [Client; CLIENTS],
    /// What each has given up and the kernel has still to grant.
    pub abandoned: [Option<Abandoned>; CLIENTS],
    /// The pools.
    pub pools: [Pool; POOLS],
    /// How many clients may still be killed.
    pub crashes: usize,
    /// How often a reader may still find that somebody took the name in the moment
    /// between its exclusive and its shared lock. The kernel promises no end of
    /// that: only chance does.
    pub windows: usize,
    /// What went wrong on the way here.
    pub wrongs: Wrongs,
}

/// Wrongs that a single state does not show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Wrongs {
    /// A client passed another that had been queued, or had reserved the name, before it came.
    pub overtaken: bool,
    /// A holder was taken for dead.
    pub living_taken_for_dead: bool,
    /// A holder's death was not noticed by the next one.
    pub death_missed: bool,
}

/// The directory of a pool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Pool {
    /// `queue.lock`.
    pub queue: Lock,
    /// `line.lock`.
    pub draw: Lock,
    /// `waiters.lock`, as `Ticket` has it.
    pub waiters_in_line: Lock,
    /// `waiters.lock`, as a waiter beside the queue has it.
    pub waiters_beside: Lock,
    /// `line/`, the ticket of each client.
    pub tickets: [Ticket; CLIENTS],
    /// `bell`.
    pub bell: Bell,
    /// `names/`.
    pub names: [Name; NAMES],
}

/// A file in `line/`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Ticket {
    /// None has 0.
    pub number: u8,
    /// Whether it stands in the directory.
    pub linked: bool,
    /// Whether its owner has it locked.
    pub locked: bool,
}

/// The files of one name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Name {
    /// `db-0.lock`.
    pub lock: Lock,
    /// `db-0.next`.
    pub reservation: Lock,
    /// The holders in `db-0.json`.
    pub record: [bool; CLIENTS],
    /// Not in any file: a holder died in its body, and nobody has noticed.
    pub soiled: bool,
}

/// A request that its owner gave up while the kernel had not granted it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Abandoned {
    /// Of this pool.
    pub pool: usize,
    /// For this file.
    pub file: File,
    /// In this way.
    pub access: Access,
    /// How far it is.
    pub at: AbandonedAt,
}

/// How far an abandoned request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AbandonedAt {
    /// Blocked in the kernel.
    Blocked,
    /// Granted: lets go.
    Granted,
    /// Let go: rings (`abandoned`, as `Pending::join` was told).
    LetGo,
}

/// An open file of a dead client, which the kernel has to close.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Open {
    /// `queue.lock`.
    Queue,
    /// `line.lock`.
    Draw,
    /// Its ticket.
    Ticket,
    /// `waiters.lock`, as `Ticket` has it.
    WaitersInLine,
    /// `waiters.lock`, as a waiter beside the queue has it.
    WaitersBeside,
    /// A name's lock.
    Name(usize),
    /// A name's lock, in an abandoned request.
    AbandonedName(usize),
    /// A name's reservation.
    Reservation(usize),
    /// A name's reservation, in an abandoned request.
    AbandonedReservation(usize),
}

impl Pool {
    /// The lock of a file, if it is one that others than its owner may take.
    pub fn lock(&mut self, file: File) -> Option<&mut Lock> {
        match file {
            File::Queue => Some(&mut self.queue),
            File::Draw => Some(&mut self.draw),
            File::Name(name) => Some(&mut self.names[name].lock),
            File::Reservation(name) => Some(&mut self.names[name].reservation),
            File::Ticket(_) => None,
        }
    }

    /// What a client has open here.
    pub fn open_of(&self, client: usize) -> Vec<Open> {
        let (own, abandoned) = (Owner::client(client), Owner::abandoned(client));
        let mut open = Vec::new();
        let mut add = |is_open: bool, file: Open| {
            if is_open {
                open.push(file);
            }
        };
        let either = |lock: &Lock| lock.is_held_by(own) || lock.is_held_by(abandoned);
        add(either(&self.queue), Open::Queue);
        add(either(&self.draw), Open::Draw);
        add(self.tickets[client].locked, Open::Ticket);
        add(self.waiters_in_line.is_held_by(own), Open::WaitersInLine);
        add(self.waiters_beside.is_held_by(own), Open::WaitersBeside);
        for (at, name) in self.names.iter().enumerate() {
            add(name.lock.is_held_by(own), Open::Name(at));
            add(name.lock.is_held_by(abandoned), Open::AbandonedName(at));
            add(name.reservation.is_held_by(own), Open::Reservation(at));
            add(
                name.reservation.is_held_by(abandoned),
                Open::AbandonedReservation(at),
            );
        }
        open
    }

    /// Closes it.
    pub fn close(&mut self, client: usize, open: Open) {
        let (own, abandoned) = (Owner::client(client), Owner::abandoned(client));
        let both = |lock: &mut Lock| {
            lock.unlock(own);
            lock.unlock(abandoned);
        };
        match open {
            Open::Queue => both(&mut self.queue),
            Open::Draw => both(&mut self.draw),
            Open::Ticket => self.tickets[client].locked = false,
            Open::WaitersInLine => self.waiters_in_line.unlock(own),
            Open::WaitersBeside => self.waiters_beside.unlock(own),
            Open::Name(name) => self.names[name].lock.unlock(own),
            Open::AbandonedName(name) => self.names[name].lock.unlock(abandoned),
            Open::Reservation(name) => self.names[name].reservation.unlock(own),
            Open::AbandonedReservation(name) => self.names[name].reservation.unlock(abandoned),
        }
    }
}

impl State {
    /// Whether the client was killed.
    pub fn is_dead(&self, client: usize) -> bool {
        self.clients[client].at == At::Dead
    }

    /// Whether the client was killed and the kernel has closed all its files: only then does
    /// it tell of the end.
    pub fn has_ended(&self, client: usize) -> bool {
        let is_closed = |pool: &Pool| pool.open_of(client).is_empty();
        self.is_dead(client) && self.pools.iter().all(is_closed)
    }

    /// The ticket was unlocked: its waiters go on. Nobody locks a ticket twice, so
    /// nothing can come in between.
    pub fn ticket_unlocked(
        &mut self,
        pool: usize,
        owner: usize,
        pool_of: impl Fn(usize, &Client) -> usize,
    ) {
        for (index, client) in self.clients.iter_mut().enumerate() {
            if let At::Queued(File::Ticket(ticket), access) = client.at
                && ticket == owner
                && pool_of(index, client) == pool
            {
                client.at = At::Granted(File::Ticket(ticket), access);
            }
        }
    }
}
