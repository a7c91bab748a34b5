//! The engine: what each function does to the state.

use crate::bounds::{CLIENTS, NAMES, POOLS};
use crate::client::{At, Client, File, Program, Request, Then};
use crate::flaw::Flaw;
use crate::kernel::{Access, Owner};
use crate::state::{AbandonedAt, Open, State, Ticket};

/// A model: some clients, what they ask for, and what may befall them.
#[derive(Clone, Copy, Debug)]
pub struct Engine {
    /// What the clients ask for.
    pub programs: [Program; CLIENTS],
    /// How many names each pool has.
    pub max: [usize; POOLS],
    /// So many clients may be killed, any of them, at any step.
    pub crashes: usize,
    /// What is broken.
    pub flaws: &'static [Flaw],
}

/// What happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// A client calls a function.
    Step(usize, At),
    /// The kernel grants what a client waits for.
    Grant(usize, File),
    /// The head's clock says to look again at names whose FIFO hung up
    /// (`WakeSet::look_again_at_hung_up`).
    LookAgain(usize),
    /// A client's time is over (`Wait::tick`).
    Deadline(usize),
    /// A request given up goes on: granted, let go, poked.
    Abandoned(usize, AbandonedAt),
    /// A client is killed.
    Crash(usize),
    /// The kernel closes a file of a dead client.
    Close(usize, usize, Open),
}

impl Action {
    /// Whether it happens sooner or later. Nobody has to be killed; a body may
    /// take as long as it likes; and nobody should depend on another's deadline.
    pub fn is_sure(self) -> bool {
        !matches!(
            self,
            Self::Crash(_) | Self::Deadline(_) | Self::Step(_, At::Body)
        )
    }
}

impl Engine {
    /// What a client asks for now.
    pub fn request(&self, index: usize, client: &Client) -> Request {
        self.programs[index].requests[client.request]
    }

    pub(crate) fn has(&self, flaw: Flaw) -> bool {
        self.flaws.contains(&flaw)
    }

    /// Whether the head may take a name from its pool, as things are.
    pub fn can_take(&self, state: &State, index: usize, name: usize) -> bool {
        let client = &state.clients[index];
        let request = self.request(index, client);
        let name = &state.pools[request.pool].names[name];
        let reserved = client.others_wait
            && !self.has(Flaw::ReservationIgnored)
            && !name.reservation.is_free_for(Access::Shared);
        !reserved && name.lock.is_free_for(request.access)
    }

    pub(crate) fn step(&self, state: &mut State, index: usize) {
        let me = Owner::client(index);
        let client = state.clients[index];
        let request = self.request(index, &client);
        let (pool_index, access) = (request.pool, request.access);
        let pool = &mut state.pools[pool_index];
        let next = match client.at {
            At::EnterNow => match pool.queue.try_lock(me, Access::Exclusive) {
                true if self.has(Flaw::NewcomerIgnoresLine) => {
                    state.clients[index].others_wait = true;
                    state.wrongs.overtaken |= is_somebody_in_line(self, state, index);
                    self.look(state, index, false)
                }
                true => At::NobodyWaits,
                false => At::Announce,
            },
            At::NobodyWaits => {
                let nobody = pool.waiters_in_line.is_free_for(Access::Exclusive)
                    && pool.waiters_beside.is_free_for(Access::Exclusive);
                if nobody || self.is_line_empty(state, pool_index) {
                    state.clients[index].others_wait = !nobody;
                    state.wrongs.overtaken |= is_somebody_in_line(self, state, index);
                    self.look(state, index, false)
                } else {
                    state.pools[pool_index].queue.unlock(me);
                    At::Announce
                }
            }
            At::Announce => {
                pool.waiters_in_line.try_lock(me, Access::Shared);
                At::LockDraw
            }
            At::LockDraw => match pool.draw.try_lock(me, Access::Exclusive) {
                true => At::MakeTicket,
                false => At::Queued(File::Draw, Access::Exclusive),
            },
            At::MakeTicket => {
                let linked = pool.tickets.iter().filter(|ticket| ticket.linked);
                let last = linked.map(|ticket| ticket.number).max().unwrap_or(0);
                pool.tickets[index] = Ticket {
                    number: last + 1,
                    linked: true,
                    locked: false,
                };
                At::LockTicket
            }
            At::LockTicket => {
                let ticket = &mut pool.tickets[index];
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
            At::UnlockDraw => {
                pool.draw.unlock(me);
                At::WaitToBeFirst
            }
            At::WaitToBeFirst => match self.ticket_before(state, pool_index, index) {
                Some(ahead) => At::Queued(File::Ticket(ahead), Access::Shared),
                None => At::LockQueue,
            },
            At::LockQueue => match pool.queue.try_lock(me, Access::Exclusive) {
                true => self.become_head(state, index),
                false => At::Queued(File::Queue, Access::Exclusive),
            },
            At::Granted(File::Draw, _) => At::MakeTicket,
            At::Granted(File::Ticket(_), _) => At::WaitToBeFirst,
            At::Granted(File::Queue, _) => self.become_head(state, index),
            At::Granted(File::Reservation(_), _) => At::TryName,
            At::Granted(File::Name(_), Access::Shared) => At::UnlockName,
            At::Granted(File::Name(name), Access::Exclusive) => self.name_locked(name),
            At::Take(name) => self.take(state, index, name),
            At::Taken(name) => {
                pool.names[name].fifo.open_with_name(me);
                match self.has(Flaw::ReservationDroppedFirst) {
                    true => self.named(state, index),
                    false => At::UnlockReservation,
                }
            }
            At::OpenWakes => {
                for name in &mut pool.names[..self.max[pool_index]] {
                    name.fifo.open_reader(!self.has(Flaw::HungUpBeforeOpened));
                }
                match self.has(Flaw::NoLookAfterOpeningFifos) {
                    true => At::Poll,
                    false => self.look(state, index, true),
                }
            }
            At::Poll => {
                for name in &mut pool.names {
                    name.fifo.read();
                }
                self.look(state, index, true)
            }
            At::DropLock => match self.spare(state, index) {
                Some(name) => {
                    state.pools[pool_index].names[name].lock.unlock(me);
                    At::DropWake(name)
                }
                None if client.then == Then::GiveUp => self.leave(state, index),
                None => At::HandOver,
            },
            At::DropWake(name) => {
                pool.names[name].fifo.of_names.remove(me);
                At::DropLock
            }
            At::AnnounceNamed => {
                pool.waiters_beside.try_lock(me, Access::Shared);
                let name = request.name.unwrap_or_default();
                pool.names[name].fifo.open_with_waiter(me);
                At::Reserve
            }
            At::Reserve => {
                let name = request.name.unwrap_or_default();
                if !self.has(Flaw::NoReservation) {
                    let reservation = &mut pool.names[name].reservation;
                    reservation.try_lock(me, Access::Exclusive);
                }
                state.clients[index].then = Then::WaitBeside;
                At::LeaveQueue
            }
            At::TryName => {
                let name = request.name.unwrap_or_default();
                let lock = &mut pool.names[name].lock;
                let tried = lock.try_lock(me, Access::Exclusive)
                    || access == Access::Shared && lock.try_lock(me, Access::Shared);
                match tried {
                    true => self.name_locked(name),
                    false => At::Queued(File::Name(name), access),
                }
            }
            At::UnlockName => {
                let name = request.name.unwrap_or_default();
                pool.names[name].lock.unlock(me);
                At::TryName
            }
            At::UnlockReservation => {
                let name = request.name.unwrap_or_default();
                pool.names[name].reservation.unlock(me);
                At::PokeReserved
            }
            At::PokeReserved => {
                let name = request.name.unwrap_or_default();
                let fifo = &mut pool.names[name].fifo;
                fifo.poke();
                fifo.of_waiters.remove(me);
                match client.then {
                    Then::GiveUp => {
                        pool.waiters_beside.unlock(me);
                        self.end(state, index)
                    }
                    _ if self.has(Flaw::ReservationDroppedFirst) => At::Taken(name),
                    _ => self.named(state, index),
                }
            }
            At::HandOver => self.hand_over(state, index),
            At::LeaveQueue => {
                if !(self.has(Flaw::HeadStays) && client.then == Then::GiveUp) {
                    pool.queue.unlock(me);
                }
                match pool.tickets[index].number {
                    0 => self.left(state, index),
                    _ => At::UnlinkTicket,
                }
            }
            At::UnlinkTicket => {
                pool.tickets[index].linked = false;
                At::UnlockTicket
            }
            At::UnlockTicket => {
                pool.tickets[index] = Ticket::default();
                pool.waiters_in_line.unlock(me);
                state.ticket_unlocked(pool_index, index, |index, client| {
                    self.request(index, client).pool
                });
                self.left(state, index)
            }
            At::ShareUnlock => {
                for name in &mut pool.names {
                    if name.lock.is_exclusive_of(me) {
                        name.lock.unlock(me);
                    }
                }
                match state.windows {
                    0 => self.share_lock(state, index),
                    _ => At::ShareLock,
                }
            }
            At::ShareLock => self.share_lock(state, index),
            At::ShareLost => {
                let leased = self.leased(&client, pool_index);
                match self.has(Flaw::LostReaderWrites) {
                    true => At::ShareWrites(pool.names[leased].record),
                    false => self.lost(state, index),
                }
            }
            At::ShareWrites(mut record) => {
                let leased = self.leased(&client, pool_index);
                record[index] = false;
                pool.names[leased].record = record;
                self.lost(state, index)
            }
            At::Body => self.end(state, index),
            At::EndUnlock(pool, name) => {
                state.pools[pool].names[name].lock.unlock(me);
                match self.has(Flaw::WakeBeforeUnlock) || self.has(Flaw::NoWakeAtAll) {
                    true => self.end(state, index),
                    false => At::EndPoke(pool, name),
                }
            }
            At::EndPoke(pool, name) => {
                let fifo = &mut state.pools[pool].names[name].fifo;
                fifo.poke();
                fifo.of_names.remove(me);
                match self.has(Flaw::WakeBeforeUnlock) {
                    true => At::EndUnlock(pool, name),
                    false => self.end(state, index),
                }
            }
            At::Queued(..) | At::Done | At::Dead => client.at,
        };
        state.clients[index].at = next;
    }

    /// `line::is_empty`.
    fn is_line_empty(&self, state: &mut State, pool: usize) -> bool {
        let mut order: Vec<_> = (0..CLIENTS).collect();
        order.sort_by_key(|client| state.pools[pool].tickets[*client].number);
        for client in order {
            let ticket = &mut state.pools[pool].tickets[client];
            if ticket.linked && ticket.locked {
                return false;
            }
            // Given up by one who died, or not yet locked.
            ticket.linked = false;
        }
        true
    }

    /// The last one before this in line, as `Place::wait_to_be_first` finds it.
    fn ticket_before(&self, state: &mut State, pool: usize, index: usize) -> Option<usize> {
        let number = state.pools[pool].tickets[index].number;
        loop {
            let tickets = state.pools[pool].tickets.iter().enumerate();
            let before = tickets.filter(|(_, ticket)| ticket.linked && ticket.number < number);
            let (client, ticket) = before.max_by_key(|(_, ticket)| ticket.number)?;
            if ticket.locked {
                return Some(client);
            }
            // Given up by one who died: cleared away.
            state.pools[pool].tickets[client] = Ticket::default();
        }
    }

    fn become_head(&self, state: &mut State, index: usize) -> At {
        let pool = self.request(index, &state.clients[index]).pool;
        let number = |client: usize| state.pools[pool].tickets[client].number;
        let passed = (0..CLIENTS).any(|other| {
            other != index && is_in_line(self, state, other, pool) && number(other) <= number(index)
        });
        state.wrongs.overtaken |= passed;
        state.clients[index].others_wait = true;
        self.look(state, index, false)
    }

    /// Begins to look over the names, or at the one that is wanted.
    pub(crate) fn look(&self, state: &mut State, index: usize, woken: bool) -> At {
        let client = &mut state.clients[index];
        client.woken = woken;
        let request = self.request(index, client);
        match request.name {
            Some(name) => At::Take(name),
            None => self.next_take(state, index, 0),
        }
    }

    /// `Head::take`.
    fn take(&self, state: &mut State, index: usize, name: usize) -> At {
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
            // `head::taken`: nobody else looks at this FIFO but the head, which is us.
            state.pools[request.pool].names[name]
                .fifo
                .open_with_name(me);
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
            let names = &mut state.pools[request.pool].names;
            names.iter_mut().for_each(|name| name.fifo.close_reader());
            return match self.spare(state, index) {
                Some(_) => At::DropLock,
                None => At::HandOver,
            };
        }
        match client.woken {
            true => At::Poll,
            false => At::OpenWakes,
        }
    }

    /// A name that is locked and not wanted: all of them for who gives up, and
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

    /// The name is locked, beside the queue.
    fn name_locked(&self, name: usize) -> At {
        match self.has(Flaw::ReservationDroppedFirst) {
            true => At::UnlockReservation,
            false => At::Taken(name),
        }
    }

    /// `take_named` returns.
    fn named(&self, state: &mut State, index: usize) -> At {
        let pool = self.request(index, &state.clients[index]).pool;
        let waiters = &mut state.pools[pool].waiters_beside;
        waiters.unlock(Owner::client(index));
        At::HandOver
    }

    /// `grant::hand_over`, for all that was taken.
    fn hand_over(&self, state: &mut State, index: usize) -> At {
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

    /// `grant::settle`, after the queue was left.
    fn granted(&self, state: &mut State, index: usize) -> At {
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
                client.woken = false;
                client.others_wait = false;
                At::EnterNow
            }
            false => At::Body,
        }
    }

    /// The second half of `Locked::share`, and the poke after it.
    fn share_lock(&self, state: &mut State, index: usize) -> At {
        let client = state.clients[index];
        let pool = self.request(index, &client).pool;
        let name = &mut state.pools[pool].names[self.leased(&client, pool)];
        let mut shared = name.lock.try_lock(Owner::client(index), Access::Shared);
        if shared && !name.record[index] && !self.has(Flaw::NotSeenOffRecord) {
            shared = false;
            name.lock.unlock(Owner::client(index));
        }
        name.fifo.poke();
        match shared {
            true => self.go_on(state, index),
            false => {
                state.windows = state.windows.saturating_sub(1);
                At::ShareLost
            }
        }
    }

    /// The lease that could not be shared ends, and `grant::acquire` begins anew. It
    /// leaves the record alone: that is the next holder's by now.
    fn lost(&self, state: &mut State, index: usize) -> At {
        let client = state.clients[index];
        let pool = self.request(index, &client).pool;
        let name = self.leased(&client, pool);
        let fifo = &mut state.pools[pool].names[name].fifo;
        fifo.of_names.remove(Owner::client(index));
        state.clients[index].leases[pool] = Default::default();
        At::EnterNow
    }

    fn leased(&self, client: &Client, pool: usize) -> usize {
        let leases = &client.leases[pool];
        leases.iter().position(Option::is_some).unwrap_or_default()
    }

    /// `Head::leave`, for who gives up.
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

    /// `Lease::end` of the first lease that is left: `Held::record`.
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
        match self.has(Flaw::WakeBeforeUnlock) {
            true => At::EndPoke(pool, name),
            false => At::EndUnlock(pool, name),
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

fn is_in_line(engine: &Engine, state: &State, index: usize, pool: usize) -> bool {
    let client = &state.clients[index];
    client.at.is_in_line() && engine.request(index, client).pool == pool
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

fn is_somebody_in_line(engine: &Engine, state: &State, index: usize) -> bool {
    let pool = engine.request(index, &state.clients[index]).pool;
    (0..CLIENTS).any(|other| other != index && is_in_line(engine, state, other, pool))
}
