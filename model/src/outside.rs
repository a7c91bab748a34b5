//! What befalls clients from outside: their time is over, they are killed, the clock
//! says to look again; and what the kernel does later for those that gave up or died.

use crate::bounds::NAMES;
use crate::client::{At, Client, File, Then};
use crate::engine::Engine;
use crate::flaw::Flaw;
use crate::kernel::Owner;
use crate::state::{Abandoned, AbandonedAt, Open, State};

impl Engine {
    pub(crate) fn deadline(&self, state: &mut State, index: usize) {
        let me = Owner::client(index);
        let client = state.clients[index];
        let pool_index = self.request(index, &client).pool;
        let pool = &mut state.pools[pool_index];
        state.clients[index].then = Then::GiveUp;
        let (file, access, granted) = match client.at {
            At::Queued(file, access) => (file, access, false),
            At::Granted(file, access) => (file, access, true),
            _ => {
                // `take_any` returns: first the FIFOs close, then what was taken.
                let names = &mut pool.names;
                names.iter_mut().for_each(|name| name.fifo.close_reader());
                state.clients[index].at = At::DropLock;
                return;
            }
        };
        if granted {
            // `Pending::drop` finds the lock in its slot.
            if let Some(lock) = pool.lock(file) {
                lock.unlock(me);
            }
        } else if !matches!(file, File::Ticket(_)) {
            // A reader of a ticket is in nobody's way.
            state.abandoned[index] = Some(Abandoned {
                pool: pool_index,
                file,
                access,
                at: AbandonedAt::Blocked,
            });
            if let File::Name(name) | File::Reservation(name) = file
                && !self.opens_late(file)
            {
                let fifo = &mut pool.names[name].fifo;
                fifo.open_with_waiter(Owner::abandoned(index));
            }
        }
        state.clients[index].at = match file {
            File::Name(_) | File::Reservation(_) => At::UnlockReservation,
            File::Draw => {
                state.pools[pool_index].waiters_in_line.unlock(me);
                self.end(state, index)
            }
            _ => self.leave(state, index),
        };
    }

    fn opens_late(&self, file: File) -> bool {
        match file {
            File::Reservation(_) => {
                self.has(Flaw::AbandonedOpensLate) || self.has(Flaw::AbandonedInSilence)
            }
            _ => self.has(Flaw::AbandonedOpensLate),
        }
    }

    pub(crate) fn abandoned(&self, state: &mut State, index: usize) {
        let Some(mut given_up) = state.abandoned[index] else {
            return;
        };
        let owner = Owner::abandoned(index);
        let pool = &mut state.pools[given_up.pool];
        state.abandoned[index] = match (given_up.at, given_up.file) {
            (AbandonedAt::Blocked, file) => {
                if let Some(lock) = pool.lock(file) {
                    lock.try_lock(owner, given_up.access);
                }
                given_up.at = AbandonedAt::Granted;
                Some(given_up)
            }
            (AbandonedAt::Granted, file) => {
                if let Some(lock) = pool.lock(file) {
                    lock.unlock(owner);
                }
                given_up.at = AbandonedAt::LetGo;
                let pokes = match file {
                    File::Name(_) => true,
                    File::Reservation(_) => !self.has(Flaw::AbandonedInSilence),
                    _ => false,
                };
                pokes.then_some(given_up)
            }
            (AbandonedAt::LetGo, file) => {
                if let File::Name(name) | File::Reservation(name) = file {
                    let fifo = &mut pool.names[name].fifo;
                    fifo.poke();
                    fifo.of_waiters.remove(owner);
                }
                None
            }
        };
    }

    pub(crate) fn crash(&self, state: &mut State, index: usize) {
        let client = state.clients[index];
        if let At::Poll | At::Take(_) | At::Taken(_) = client.at
            && client.woken
        {
            // Its ends of the FIFOs wake nobody.
            let names = &mut state.pools[self.request(index, &client).pool].names;
            names.iter_mut().for_each(|name| name.fifo.close_reader());
        }
        let before_body = client.at == At::ShareUnlock || client.at.has_lost_its_lock();
        let sharing = self.request(index, &client).pool;
        for (pool, names) in client.leases.iter().enumerate() {
            for (name, lease) in names.iter().enumerate() {
                if lease.is_some() && !(before_body && pool == sharing) {
                    state.pools[pool].names[name].soiled = true;
                }
            }
        }
        state.abandoned[index] = None;
        state.crashes -= 1;
        state.clients[index] = Client {
            at: At::Dead,
            ..Client::default()
        };
    }

    pub(crate) fn close(&self, state: &mut State, index: usize, pool: usize, open: Open) {
        state.pools[pool].close(index, open);
        if open == Open::Ticket {
            state.ticket_unlocked(pool, index, |index, client| {
                self.request(index, client).pool
            });
        }
    }

    /// Whether the clock makes the head look again at what hung up. The looks
    /// last until the kernel has closed a dead process's files.
    pub(crate) fn looks_again(&self, state: &State, index: usize) -> bool {
        let pool = self.request(index, &state.clients[index]).pool;
        (0..NAMES).any(|name| self.is_due(state, pool, name))
    }

    fn is_due(&self, state: &State, pool: usize, name: usize) -> bool {
        let name = &state.pools[pool].names[name];
        let holders = name.lock.holders().clients();
        let mut open = holders.chain(name.reservation.holders().clients());
        let is_closed = !open.any(|client| state.is_dead(client));
        name.fifo.has_hung_up() && (is_closed || self.has(Flaw::LooksEndEarly))
    }

    pub(crate) fn look_again(&self, state: &mut State, index: usize) {
        let pool = self.request(index, &state.clients[index]).pool;
        for name in 0..NAMES {
            if self.is_due(state, pool, name) {
                state.pools[pool].names[name].fifo.open_reader(false);
            }
        }
        state.clients[index].at = self.look(state, index, true);
    }
}
