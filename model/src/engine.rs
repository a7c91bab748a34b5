//! The engine: what is asked of it, what is broken in it, and what may happen.

use crate::bounds::{CLIENTS, POOLS};
use crate::client::{At, Client, File, Program, Request};
use crate::flaw::Flaw;
use crate::kernel::Access;
use crate::state::{AbandonedAt, Open, Pool, State};

/// A model: some clients, what they ask for, and what may befall them.
#[derive(Clone, Copy, Debug)]
pub struct Engine {
    /// What the clients ask for.
    pub programs: [Program; CLIENTS],
    /// How many names each pool has.
    pub max: [usize; POOLS],
    /// How many clients may be killed, any of them, at any step.
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
    /// The head's clock says to look again (`Wakeup::wait`).
    LookAgain(usize),
    /// A client's time is over (`Wait::tick`).
    Deadline(usize),
    /// A request given up goes on: granted, let go, rung.
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

    /// The directory of the pool that it asks.
    pub(crate) fn pool<'a>(&self, state: &'a mut State, index: usize) -> &'a mut Pool {
        let request = self.request(index, &state.clients[index]);
        &mut state.pools[request.pool]
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
}
