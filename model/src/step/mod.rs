//! The steps of a client: what each function of the engine does to the state, and
//! which one comes next.
//!
//! `queue` leads to `head` or past it, `head` to `given_name` or `release`. Of the rest of
//! the model they use [`Engine`] and what is below it.

mod given_name;
mod head;
mod queue;
mod release;

use crate::client::{At, File};
use crate::engine::Engine;
use crate::kernel::Access;
use crate::state::State;

impl Engine {
    /// A client calls the function that it is at.
    pub(crate) fn step(&self, state: &mut State, index: usize) {
        let at = state.clients[index].at;
        let next = match at {
            At::EnterNow => self.enter_now(state, index),
            At::HasWaiters => self.has_waiters(state, index),
            At::Announce => self.announce(state, index),
            At::LockDraw => self.lock_draw(state, index),
            At::Granted(File::Draw, _) => At::MakeTicket,
            At::MakeTicket => self.make_ticket(state, index),
            At::LockTicket => self.lock_ticket(state, index),
            At::UnlockDraw => self.unlock_draw(state, index),
            At::Granted(File::Ticket(_), _) => At::WaitToBeFirst,
            At::WaitToBeFirst => self.wait_to_be_first(state, index),
            At::LockQueue => self.lock_queue(state, index),

            At::Granted(File::Queue, _) => self.become_head(state, index),
            At::Take(name) => self.take(state, index, name),
            At::Listen => self.listen(state, index),
            At::Wait => self.woken(state, index),
            At::DropLock => self.drop_lock(state, index),
            At::HandOver => self.hand_over(state, index),
            At::LeaveQueue => self.leave_queue(state, index),
            At::UnlinkTicket => self.unlink_ticket(state, index),
            At::UnlockTicket => self.unlock_ticket(state, index),

            At::AnnounceNamed => self.announce_named(state, index),
            At::Reserve => self.reserve(state, index),
            At::Granted(File::Reservation(_), _) => At::TryName,
            At::TryName => self.try_name(state, index),
            At::Granted(File::Name(_), Access::Shared) => At::UnlockName,
            At::UnlockName => self.unlock_name(state, index),
            At::Granted(File::Name(_), Access::Exclusive) => At::UnlockReservation,
            At::UnlockReservation => self.unlock_reservation(state, index),
            At::RingReserved => self.ring_reserved(state, index),

            At::ShareUnlock => self.share_unlock(state, index),
            At::ShareLock => self.share_lock(state, index),
            At::ShareLost => self.share_lost(state, index),
            At::ShareWrites(record) => self.share_writes(state, index, record),
            At::Body => self.end(state, index),
            At::EndUnlock(pool, name) => self.end_unlock(state, index, pool, name),
            At::EndRing(pool, name) => self.end_ring(state, index, pool, name),

            At::Queued(..) | At::Done | At::Dead => at,
        };
        state.clients[index].at = next;
    }
}
