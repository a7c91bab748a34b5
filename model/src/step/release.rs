//! A client that was granted what it asked for: lets other readers in, goes on, and
//! gives back.

use crate::bounds::{CLIENTS, NAMES};
use crate::client::{At, Client, Then, Watch};
use crate::engine::Engine;
use crate::flaw::Flaw;
use crate::kernel::{Access, Owner};
use crate::state::State;

impl Engine {
    /// `grant::settle`, after the queue was left.
    pub(super) fn granted(&self, state: &mut State, index: usize) -> At {
        let request = self.request(index, &state.clients[index]);
        let is_alone = exclusive_names(state, index, request.pool).next().is_some();
        match request.access {
            Access::Shared if is_alone => At::ShareUnlock,
            _ => self.go_on(state, index),
        }
    }

    /// To the next request, or to the body.
    fn go_on(&self, state: &mut State, index: usize) -> At {
        let client = &mut state.clients[index];
        match client.request + 1 < self.programs[index].requests.len() {
            true => {
                client.request += 1;
                client.then = Then::Hold;
                client.listens = false;
                client.watch = Watch::default();
                client.others_wait = false;
                At::EnterNow
            }
            false => At::Body,
        }
    }

    pub(super) fn share_unlock(&self, state: &mut State, index: usize) -> At {
        let me = Owner::client(index);
        for name in &mut self.pool(state, index).names {
            if name.lock.is_exclusive_of(me) {
                name.lock.unlock(me);
            }
        }
        match state.windows {
            0 => self.share_lock(state, index),
            _ => At::ShareLock,
        }
    }

    /// The second half of `Locked::share`, and the ring after it.
    pub(super) fn share_lock(&self, state: &mut State, index: usize) -> At {
        let client = state.clients[index];
        let pool = self.request(index, &client).pool;
        let name = &mut state.pools[pool].names[self.leased(&client, pool)];
        let mut shared = name.lock.try_lock(Owner::client(index), Access::Shared);
        if shared && !name.record[index] && !self.has(Flaw::NotSeenOffRecord) {
            shared = false;
            name.lock.unlock(Owner::client(index));
        }
        state.pools[pool].bell.ring();
        match shared {
            true => self.go_on(state, index),
            false => {
                state.windows = state.windows.saturating_sub(1);
                At::ShareLost
            }
        }
    }

    pub(super) fn share_lost(&self, state: &mut State, index: usize) -> At {
        match self.has(Flaw::LostReaderWrites) {
            true => {
                let client = state.clients[index];
                let pool = self.request(index, &client).pool;
                At::ShareWrites(state.pools[pool].names[self.leased(&client, pool)].record)
            }
            false => self.lost(state, index),
        }
    }

    pub(super) fn share_writes(
        &self,
        state: &mut State,
        index: usize,
        mut record: [bool; CLIENTS],
    ) -> At {
        let client = state.clients[index];
        let pool = self.request(index, &client).pool;
        record[index] = false;
        state.pools[pool].names[self.leased(&client, pool)].record = record;
        self.lost(state, index)
    }

    /// The lease that could not be shared ends, and `grant::acquire` begins anew. It
    /// leaves the record alone: that is the next holder's by now.
    fn lost(&self, state: &mut State, index: usize) -> At {
        let client = state.clients[index];
        let pool = self.request(index, &client).pool;
        state.clients[index].leases[pool] = Default::default();
        At::EnterNow
    }

    fn leased(&self, client: &Client, pool: usize) -> usize {
        let leases = &client.leases[pool];
        leases.iter().position(Option::is_some).unwrap_or_default()
    }

    /// `Lease::end` of the first lease that is left: `LocalHold::give_back`.
    pub(crate) fn end(&self, state: &mut State, index: usize) -> At {
        let Some((pool, name)) = state.clients[index].next_lease() else {
            let client = &mut state.clients[index];
            if client.then == Then::GiveUp || client.rounds == 0 {
                return At::Done;
            }
            *client = Client {
                rounds: client.rounds - 1,
                ..Client::default()
            };
            return At::EnterNow;
        };
        state.clients[index].leases[pool][name] = None;
        state.pools[pool].names[name].record[index] = false;
        match self.has(Flaw::RingBeforeUnlock) {
            true => At::EndRing(pool, name),
            false => At::EndUnlock(pool, name),
        }
    }

    pub(super) fn end_unlock(
        &self,
        state: &mut State,
        index: usize,
        pool: usize,
        name: usize,
    ) -> At {
        let lock = &mut state.pools[pool].names[name].lock;
        lock.unlock(Owner::client(index));
        match self.has(Flaw::RingBeforeUnlock) || self.has(Flaw::NoRing) {
            true => self.end(state, index),
            false => At::EndRing(pool, name),
        }
    }

    pub(super) fn end_ring(&self, state: &mut State, index: usize, pool: usize, name: usize) -> At {
        state.pools[pool].bell.ring();
        match self.has(Flaw::RingBeforeUnlock) {
            true => At::EndUnlock(pool, name),
            false => self.end(state, index),
        }
    }
}

/// The names of a pool that a client has locked alone.
fn exclusive_names(
    state: &State,
    index: usize,
    pool: usize,
) -> impl Iterator<Item = usize> + use<> {
    let names = state.pools[pool].names;
    (0..NAMES).filter(move |name| names[*name].lock.is_exclusive_of(Owner::client(index)))
}
