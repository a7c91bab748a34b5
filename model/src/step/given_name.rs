//! A client that wants one name, and waits for it beside the queue.

use crate::client::{At, File, Then};
use crate::engine::Engine;
use crate::flaw::Flaw;
use crate::kernel::{Access, Owner};
use crate::state::{Name, State};

impl Engine {
    pub(super) fn announce_named(&self, state: &mut State, index: usize) -> At {
        let me = Owner::client(index);
        let waiters = &mut self.pool(state, index).waiters_beside;
        waiters.try_lock(me, Access::Shared);
        At::Reserve
    }

    pub(super) fn reserve(&self, state: &mut State, index: usize) -> At {
        if !self.has(Flaw::NoReservation) {
            let reservation = &mut self.wanted(state, index).reservation;
            reservation.try_lock(Owner::client(index), Access::Exclusive);
        }
        state.clients[index].then = Then::WaitBeside;
        At::LeaveQueue
    }

    pub(super) fn try_name(&self, state: &mut State, index: usize) -> At {
        let me = Owner::client(index);
        let request = self.request(index, &state.clients[index]);
        let lock = &mut self.wanted(state, index).lock;
        let tried = lock.try_lock(me, Access::Exclusive)
            || request.access == Access::Shared && lock.try_lock(me, Access::Shared);
        let name = request.name.unwrap_or_default();
        match tried {
            true => At::UnlockReservation,
            false => At::Queued(File::Name(name), request.access),
        }
    }

    pub(super) fn unlock_name(&self, state: &mut State, index: usize) -> At {
        self.wanted(state, index).lock.unlock(Owner::client(index));
        At::TryName
    }

    pub(super) fn unlock_reservation(&self, state: &mut State, index: usize) -> At {
        let reservation = &mut self.wanted(state, index).reservation;
        reservation.unlock(Owner::client(index));
        At::RingReserved
    }

    pub(super) fn ring_reserved(&self, state: &mut State, index: usize) -> At {
        let me = Owner::client(index);
        let client = state.clients[index];
        self.pool(state, index).bell.ring();
        match client.then {
            Then::GiveUp => {
                self.pool(state, index).waiters_beside.unlock(me);
                self.end(state, index)
            }
            _ => self.named(state, index),
        }
    }

    /// `take_given` returns.
    fn named(&self, state: &mut State, index: usize) -> At {
        let waiters = &mut self.pool(state, index).waiters_beside;
        waiters.unlock(Owner::client(index));
        At::HandOver
    }

    /// The name that it wants.
    fn wanted<'a>(&self, state: &'a mut State, index: usize) -> &'a mut Name {
        let request = self.request(index, &state.clients[index]);
        &mut state.pools[request.pool].names[request.name.unwrap_or_default()]
    }
}
