//! What befalls clients from outside: their time is over, they are killed, the clock
//! says to look again; and what the kernel does later for those that gave up or died.

use crate::bounds::CLIENTS;
use crate::client::{At, Client, File, Then, Watch};
use crate::engine::Engine;
use crate::flaw::Flaw;
use crate::kernel::Owner;
use crate::state::{Abandoned, AbandonedAt, Name, Open, State};

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
                // `take_any` returns.
                pool.bell.stop_listening();
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
                let rings = match file {
                    File::Name(_) => true,
                    File::Reservation(_) => !self.has(Flaw::AbandonedInSilence),
                    _ => false,
                };
                rings.then_some(given_up)
            }
            (AbandonedAt::LetGo, _) => {
                pool.bell.ring();
                None
            }
        };
    }

    pub(crate) fn crash(&self, state: &mut State, index: usize) {
        let client = state.clients[index];
        if let At::Wait | At::Take(_) = client.at
            && client.listens
        {
            let pool = self.request(index, &client).pool;
            state.pools[pool].bell.stop_listening();
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

    /// Whether the wait of a head is over: the bell was rung, or the kernel tells of the end of
    /// a holder.
    pub(crate) fn is_woken(&self, state: &State, index: usize) -> bool {
        let client = &state.clients[index];
        let pool = &state.pools[self.request(index, client).pool];
        let told = match client.watch {
            Watch::Holders(holders) if !self.has(Flaw::NoObituary) => {
                (0..CLIENTS).any(|holder| holders[holder] && state.has_ended(holder))
            }
            _ => false,
        };
        pool.bell.is_rung() || told
    }

    /// Whether the clock makes the head look again. Of the looks that find all as it was,
    /// nothing follows but the next look; and without a death, no waiter should need one.
    pub(crate) fn looks_again(&self, state: &State, index: usize) -> bool {
        let client = &state.clients[index];
        let pool = self.request(index, client).pool;
        let finds = |name| self.can_take(state, index, name);
        match client.watch {
            Watch::NotYet => true,
            Watch::Clock => {
                let differs = (0..self.max[pool]).any(finds);
                let differs = differs || self.watch(state, index) != Watch::Clock;
                differs && (0..CLIENTS).any(|client| state.is_dead(client))
            }
            // The heartbeat. It is assumed only where nobody else can tell.
            Watch::Holders(_) => (0..self.max[pool])
                .any(|name| finds(name) && names_who_lost_its_lock(&state.pools[pool].names[name])),
        }
    }

    pub(crate) fn look_again(&self, state: &mut State, index: usize) {
        state.clients[index].at = match state.clients[index].watch {
            Watch::NotYet => At::Listen,
            _ => self.woken(state, index),
        };
        state.clients[index].watch = Watch::Clock;
    }
}

/// Whether the record shows a reader that lost its lock while it let others in. Who took that
/// has died before it wrote the record.
fn names_who_lost_its_lock(name: &Name) -> bool {
    (0..CLIENTS).any(|client| name.record[client] && !name.lock.is_held_by(Owner::client(client)))
}
