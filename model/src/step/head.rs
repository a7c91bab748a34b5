//! The head of the queue: looks over the names, takes what it wants, and leaves.

use crate::bounds::{CLIENTS, NAMES};
use crate::client::{At, File, Then, Watch};
use crate::engine::Engine;
use crate::flaw::Flaw;
use crate::kernel::{Access, Owner};
use crate::state::{State, Ticket};

impl Engine {
    /// Begins to look over the names, or at the one that is wanted.
    pub(crate) fn look(&self, state: &mut State, index: usize, listens: bool) -> At {
        let client = &mut state.clients[index];
        client.listens = listens;
        let request = self.request(index, client);
        match request.name {
            Some(name) => At::Take(name),
            None => self.next_take(state, index, 0),
        }
    }

    /// `Head::take`.
    pub(super) fn take(&self, state: &mut State, index: usize, name: usize) -> At {
        let me = Owner::client(index);
        let request = self.request(index, &state.clients[index]);
        if self.can_take(state, index, name) {
            let passed = (0..CLIENTS).any(|other| is_next(self, state, other, request.pool, name));
            state.wrongs.overtaken |= passed;
            let lock = &mut state.pools[request.pool].names[name].lock;
            // A reader takes a free name alone at first.
            if !lock.try_lock(me, Access::Exclusive) {
                lock.try_lock(me, request.access);
            }
            return match request.name {
                Some(_) => At::HandOver,
                None => self.next_take(state, index, name + 1),
            };
        }
        match request.name {
            Some(_) => At::AnnounceNamed,
            None => self.next_take(state, index, name + 1),
        }
    }

    /// The next name of the scan from this one on, or what follows the scan.
    fn next_take(&self, state: &mut State, index: usize, from: usize) -> At {
        let me = Owner::client(index);
        let client = state.clients[index];
        let request = self.request(index, &client);
        let names = &state.pools[request.pool].names;
        let has = |name: &usize| names[*name].lock.is_held_by(me);
        let is_alone = |name: &usize| names[*name].lock.is_exclusive_of(me);
        let taken = (0..NAMES).filter(has).count();
        // A reader goes on as long as it may find a name that others read already.
        let enough = match request.access {
            Access::Exclusive => taken >= request.count,
            Access::Shared => (0..NAMES).filter(has).any(|name| !is_alone(&name)),
        };
        if !enough && let Some(name) = (from..self.max[request.pool]).find(|name| !has(name)) {
            return At::Take(name);
        }
        if taken >= request.count {
            state.pools[request.pool].bell.stop_listening();
            return match self.spare(state, index) {
                Some(_) => At::DropLock,
                None => At::HandOver,
            };
        }
        match client.listens {
            true => At::Wait,
            false => At::Listen,
        }
    }

    /// `Wakeup::listen`.
    pub(super) fn listen(&self, state: &mut State, index: usize) -> At {
        self.pool(state, index).bell.listen();
        if state.clients[index].watch != Watch::NotYet {
            state.clients[index].watch = self.watch(state, index);
        }
        match self.has(Flaw::NoLookAfterListening) {
            true => At::Wait,
            false => self.look(state, index, true),
        }
    }

    /// `Wakeup::holders_of`, and `Obituary::of`.
    pub(crate) fn watch(&self, state: &State, index: usize) -> Watch {
        let me = Owner::client(index);
        let pool = self.request(index, &state.clients[index]).pool;
        let mut watched = [false; CLIENTS];
        for name in &state.pools[pool].names[..self.max[pool]] {
            if name.lock.is_held_by(me) {
                continue;
            }
            if name.record == [false; CLIENTS] && !self.has(Flaw::NoClock) {
                return Watch::Clock;
            }
            for holder in (0..CLIENTS).filter(|holder| name.record[*holder]) {
                watched[holder] = !state.has_ended(holder);
                if !watched[holder] && !self.has(Flaw::DeadAreWatched) {
                    return Watch::Clock;
                }
            }
        }
        Watch::Holders(watched)
    }

    /// `Bell::wait` returns, and the first look follows, without listening.
    pub(crate) fn woken(&self, state: &mut State, index: usize) -> At {
        self.pool(state, index).bell.stop_listening();
        self.look(state, index, false)
    }

    pub(super) fn drop_lock(&self, state: &mut State, index: usize) -> At {
        match self.spare(state, index) {
            Some(name) => {
                let lock = &mut self.pool(state, index).names[name].lock;
                lock.unlock(Owner::client(index));
                At::DropLock
            }
            None if state.clients[index].then == Then::GiveUp => self.leave(state, index),
            None => At::HandOver,
        }
    }

    /// A name that is locked and not wanted: all of them for a client that gives up, and
    /// for a reader those it took alone when it has one it shares, or more than one.
    fn spare(&self, state: &State, index: usize) -> Option<usize> {
        let me = Owner::client(index);
        let client = &state.clients[index];
        let request = self.request(index, client);
        let names = &state.pools[request.pool].names;
        let mut held: Vec<_> = (0..NAMES)
            .filter(|name| names[*name].lock.is_held_by(me))
            .collect();
        if client.then == Then::GiveUp {
            return held.first().copied();
        }
        held.sort_by_key(|name| names[*name].lock.is_exclusive_of(me));
        held.get(request.count).copied()
    }

    /// `Grant::hand_over`, for all that was taken.
    pub(super) fn hand_over(&self, state: &mut State, index: usize) -> At {
        let me = Owner::client(index);
        let request = self.request(index, &state.clients[index]);
        for name in 0..NAMES {
            let lock = state.pools[request.pool].names[name].lock;
            if !lock.is_held_by(me) {
                continue;
            }
            state.clients[index].leases[request.pool][name] = Some(request.access);
            if lock.is_exclusive_of(me) {
                let on_record = state.pools[request.pool].names[name].record;
                let others = (0..CLIENTS).filter(|other| *other != index && on_record[*other]);
                let (mut found_dead, mut found_living) = (false, false);
                for other in others {
                    let lease = state.clients[other].leases[request.pool][name];
                    found_dead |= state.is_dead(other);
                    // A reader that lost it before its body is off, dead or not.
                    found_living |= lease.is_some() && !state.clients[other].at.has_lost_its_lock();
                }
                let name = &mut state.pools[request.pool].names[name];
                state.wrongs.living_taken_for_dead |= found_living;
                state.wrongs.death_missed |= name.soiled && !found_dead;
                name.soiled = false;
                name.record = [false; CLIENTS];
            }
            state.pools[request.pool].names[name].record[index] = true;
        }
        match state.clients[index].then {
            // Left the queue before.
            Then::WaitBeside => {
                state.clients[index].then = Then::Hold;
                self.granted(state, index)
            }
            _ => At::LeaveQueue,
        }
    }

    /// `Head::leave`, for a client that gives up.
    pub(crate) fn leave(&self, state: &mut State, index: usize) -> At {
        let pool = self.request(index, &state.clients[index]).pool;
        let pool = &state.pools[pool];
        if pool.queue.is_held_by(Owner::client(index)) {
            At::LeaveQueue
        } else if pool.tickets[index].number > 0 {
            At::UnlinkTicket
        } else {
            self.end(state, index)
        }
    }

    pub(super) fn leave_queue(&self, state: &mut State, index: usize) -> At {
        let gives_up = state.clients[index].then == Then::GiveUp;
        let pool = self.pool(state, index);
        if !(self.has(Flaw::HeadStays) && gives_up) {
            pool.queue.unlock(Owner::client(index));
        }
        match pool.tickets[index].number {
            0 => self.left(state, index),
            _ => At::UnlinkTicket,
        }
    }

    pub(super) fn unlink_ticket(&self, state: &mut State, index: usize) -> At {
        self.pool(state, index).tickets[index].linked = false;
        At::UnlockTicket
    }

    pub(super) fn unlock_ticket(&self, state: &mut State, index: usize) -> At {
        let request = self.request(index, &state.clients[index]);
        let pool = self.pool(state, index);
        pool.tickets[index] = Ticket::default();
        pool.waiters_in_line.unlock(Owner::client(index));
        state.ticket_unlocked(request.pool, index, |index, client| {
            self.request(index, client).pool
        });
        self.left(state, index)
    }

    /// After `Head::leave`.
    fn left(&self, state: &mut State, index: usize) -> At {
        let me = Owner::client(index);
        let client = state.clients[index];
        let request = self.request(index, &client);
        match client.then {
            Then::Hold => self.granted(state, index),
            Then::GiveUp => self.end(state, index),
            Then::WaitBeside => {
                let name = request.name.unwrap_or_default();
                let reservation = &state.pools[request.pool].names[name].reservation;
                match reservation.is_held_by(me) || self.has(Flaw::NoReservation) {
                    true => At::TryName,
                    false => At::Queued(File::Reservation(name), Access::Exclusive),
                }
            }
        }
    }
}

/// Whether it waits beside the queue for this name, and nobody does before it.
fn is_next(engine: &Engine, state: &State, index: usize, pool: usize, name: usize) -> bool {
    let client = &state.clients[index];
    let waits = match client.at {
        At::TryName | At::UnlockName => true,
        At::Queued(file, _) | At::Granted(file, _) => matches!(file, File::Name(_)),
        _ => false,
    };
    waits && {
        let request = engine.request(index, client);
        (request.pool, request.name) == (pool, Some(name))
    }
}
