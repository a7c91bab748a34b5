//! A client on its way to the head of the queue: past an empty queue, or with a ticket.
//!
//! Clients look through the queue for the ticket before theirs. The notes that spare the
//! engine that (`line/last`, `line/first`) are not modelled.

use crate::bounds::CLIENTS;
use crate::client::{At, File};
use crate::engine::Engine;
use crate::flaw::Flaw;
use crate::kernel::{Access, Owner};
use crate::state::{Pool, State, Ticket};

impl Engine {
    pub(super) fn enter_now(&self, state: &mut State, index: usize) -> At {
        let queue = &mut self.pool(state, index).queue;
        match queue.try_lock(Owner::client(index), Access::Exclusive) {
            true if self.has(Flaw::NewcomerIgnoresQueue) => {
                state.clients[index].others_wait = true;
                state.wrongs.overtaken |= is_somebody_in_line(self, state, index);
                self.look(state, index, false)
            }
            true => At::HasWaiters,
            false => At::Announce,
        }
    }

    pub(super) fn has_waiters(&self, state: &mut State, index: usize) -> At {
        let pool = self.pool(state, index);
        let nobody = pool.waiters_in_line.is_free_for(Access::Exclusive)
            && pool.waiters_beside.is_free_for(Access::Exclusive);
        if nobody || is_line_empty(pool) {
            state.clients[index].others_wait = !nobody;
            state.wrongs.overtaken |= is_somebody_in_line(self, state, index);
            self.look(state, index, false)
        } else {
            self.pool(state, index).queue.unlock(Owner::client(index));
            At::Announce
        }
    }

    pub(super) fn announce(&self, state: &mut State, index: usize) -> At {
        let waiters = &mut self.pool(state, index).waiters_in_line;
        waiters.try_lock(Owner::client(index), Access::Shared);
        At::LockDraw
    }

    pub(super) fn lock_draw(&self, state: &mut State, index: usize) -> At {
        let draw = &mut self.pool(state, index).draw;
        match draw.try_lock(Owner::client(index), Access::Exclusive) {
            true => At::MakeTicket,
            false => At::Queued(File::Draw, Access::Exclusive),
        }
    }

    pub(super) fn make_ticket(&self, state: &mut State, index: usize) -> At {
        let pool = self.pool(state, index);
        let linked = pool.tickets.iter().filter(|ticket| ticket.linked);
        let last = linked.map(|ticket| ticket.number).max().unwrap_or(0);
        pool.tickets[index] = Ticket {
            number: last + 1,
            linked: true,
            locked: false,
        };
        At::LockTicket
    }

    pub(super) fn lock_ticket(&self, state: &mut State, index: usize) -> At {
        let ticket = &mut self.pool(state, index).tickets[index];
        match ticket.linked || self.has(Flaw::ClearedTicketIsKept) {
            true => {
                ticket.locked = true;
                At::UnlockDraw
            }
            // A newcomer cleared it away: once more, with the same number.
            false => {
                ticket.linked = true;
                At::LockTicket
            }
        }
    }

    pub(super) fn unlock_draw(&self, state: &mut State, index: usize) -> At {
        self.pool(state, index).draw.unlock(Owner::client(index));
        At::WaitToBeFirst
    }

    pub(super) fn wait_to_be_first(&self, state: &mut State, index: usize) -> At {
        match ticket_before(self.pool(state, index), index) {
            Some(ahead) => At::Queued(File::Ticket(ahead), Access::Shared),
            None => At::LockQueue,
        }
    }

    pub(super) fn lock_queue(&self, state: &mut State, index: usize) -> At {
        let queue = &mut self.pool(state, index).queue;
        match queue.try_lock(Owner::client(index), Access::Exclusive) {
            true => self.become_head(state, index),
            false => At::Queued(File::Queue, Access::Exclusive),
        }
    }

    pub(super) fn become_head(&self, state: &mut State, index: usize) -> At {
        let pool = self.request(index, &state.clients[index]).pool;
        let number = |client: usize| state.pools[pool].tickets[client].number;
        let passed = (0..CLIENTS).any(|other| {
            other != index && is_in_line(self, state, other, pool) && number(other) <= number(index)
        });
        state.wrongs.overtaken |= passed;
        state.clients[index].others_wait = true;
        self.look(state, index, false)
    }
}

/// `queue::is_empty`.
fn is_line_empty(pool: &mut Pool) -> bool {
    let mut order: Vec<_> = (0..CLIENTS).collect();
    order.sort_by_key(|client| pool.tickets[*client].number);
    for client in order {
        let ticket = &mut pool.tickets[client];
        if ticket.linked && ticket.locked {
            return false;
        }
        // Left by a dead client, or not yet locked.
        ticket.linked = false;
    }
    true
}

/// The last one before this in the queue, as `Ticket::wait_to_be_first` finds it.
fn ticket_before(pool: &mut Pool, client: usize) -> Option<usize> {
    let number = pool.tickets[client].number;
    loop {
        let tickets = pool.tickets.iter().enumerate();
        let before = tickets.filter(|(_, ticket)| ticket.linked && ticket.number < number);
        let (client, ticket) = before.max_by_key(|(_, ticket)| ticket.number)?;
        if ticket.locked {
            return Some(client);
        }
        // Left by a dead client: cleared away.
        pool.tickets[client] = Ticket::default();
    }
}

fn is_somebody_in_line(engine: &Engine, state: &State, index: usize) -> bool {
    let pool = engine.request(index, &state.clients[index]).pool;
    (0..CLIENTS).any(|other| other != index && is_in_line(engine, state, other, pool))
}

fn is_in_line(engine: &Engine, state: &State, index: usize, pool: usize) -> bool {
    let client = &state.clients[index];
    client.at.is_in_line() && engine.request(index, client).pool == pool
}
