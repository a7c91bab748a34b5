//! A client: a process with one thread that asks for names, and what it does next.

use crate::bounds::{CLIENTS, NAMES, POOLS};
use crate::kernel::Access;

/// What is asked of one pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// Which pool.
    pub pool: usize,
    /// Alone, or sharing.
    pub access: Access,
    /// How many names, any of the pool's.
    pub count: usize,
    /// This name and no other.
    pub name: Option<usize>,
}

impl Request {
    /// Any name of the pool, alone.
    pub const fn any(pool: usize) -> Self {
        Self {
            pool,
            access: Access::Exclusive,
            count: 1,
            name: None,
        }
    }

    /// Two names of the pool at once.
    pub const fn both(pool: usize) -> Self {
        Self {
            count: 2,
            ..Self::any(pool)
        }
    }

    /// This name of the pool.
    pub const fn named(pool: usize, name: usize) -> Self {
        Self {
            name: Some(name),
            ..Self::any(pool)
        }
    }

    /// The same, to share.
    pub const fn shared(self) -> Self {
        Self {
            access: Access::Shared,
            ..self
        }
    }
}

/// What a client asks for, one request after the other, each held to the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Program {
    /// At most one for each pool.
    pub requests: &'static [Request],
    /// Whether it gives up: at any moment at which it waits.
    pub has_deadline: bool,
    /// How often it begins anew after all was given back.
    pub again: usize,
}

impl Program {
    /// A client that waits for ever.
    pub const fn patient(requests: &'static [Request]) -> Self {
        Self {
            requests,
            has_deadline: false,
            again: 0,
        }
    }

    /// The same, and once more after all was given back.
    pub const fn twice(self) -> Self {
        Self { again: 1, ..self }
    }

    /// A client that may give up.
    pub const fn hasty(requests: &'static [Request]) -> Self {
        Self {
            requests,
            has_deadline: true,
            again: 0,
        }
    }
}

/// A file that is waited for in the kernel, of the pool that is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum File {
    /// `queue.lock`.
    Queue,
    /// `line.lock`.
    Draw,
    /// The ticket of that client.
    Ticket(usize),
    /// A name's lock.
    Name(usize),
    /// A name's reservation.
    Reservation(usize),
}

/// What the client does next: the function it is about to call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum At {
    /// `Head::enter_now`: tries `queue.lock`.
    #[default]
    EnterNow,
    /// `queue::has_waiters`, then `queue::is_empty`.
    HasWaiters,
    /// `queue::announce`, from `Ticket::draw`.
    Announce,
    /// `blocked::lock` of `line.lock`, from `Ticket::draw`.
    LockDraw,
    /// `Ticket::draw`: the ticket's file is made.
    MakeTicket,
    /// `Ticket::draw`: the ticket is locked.
    LockTicket,
    /// `Ticket::draw`: `line.lock` is unlocked.
    UnlockDraw,
    /// `Ticket::wait_to_be_first`: looks at those before it.
    WaitToBeFirst,
    /// `blocked::lock` of `queue.lock`, from `Head::enter`.
    LockQueue,
    /// `Pending::join` was called: blocked in the kernel.
    Queued(File, Access),
    /// `Pending::wait_until`: the lock was granted, to be picked up.
    Granted(File, Access),
    /// `Head::take` of one name, from `Head::scan`.
    Take(usize),
    /// `Wakeup::listen`.
    Listen,
    /// `Wakeup::wait`.
    Wait,
    /// A name more than was wanted, or wanted no more: unlocks it.
    DropLock,
    /// `Head::take_given`: `queue::announce`.
    AnnounceNamed,
    /// `Head::reserve`: tries the reservation, or joins the waiters for it.
    Reserve,
    /// `given_name::lock_name`: tries the name's lock.
    TryName,
    /// `given_name::lock_name`: unlocks what it was granted beside readers, to look again.
    UnlockName,
    /// `Reservation::drop`: unlocks.
    UnlockReservation,
    /// `Reservation::drop`: rings.
    RingReserved,
    /// `Grant::hand_over`: writes the record.
    HandOver,
    /// `Head::leave`: unlocks `queue.lock`.
    LeaveQueue,
    /// `Ticket::drop`: unlinks the ticket.
    UnlinkTicket,
    /// `Ticket::drop`: unlocks the ticket and `waiters.lock`.
    UnlockTicket,
    /// `Locked::share`: the kernel releases the exclusive lock.
    ShareUnlock,
    /// `Locked::share`: and takes a shared one, if it is free.
    ShareLock,
    /// `LocalHold::share` failed: the rest of `LocalHold` drops.
    ShareLost,
    /// With [`Flaw::LostReaderWrites`](crate::Flaw::LostReaderWrites): writes the
    /// record as it has read it, without itself.
    ShareWrites([bool; CLIENTS]),
    /// The body. It ends when it likes, with `LocalHold::give_back`.
    Body,
    /// `LocalHold::end`: `Locked::unlock`.
    EndUnlock(usize, usize),
    /// `LocalHold::end`: `Bell::ring`.
    EndRing(usize, usize),
    /// All is given back.
    Done,
    /// Killed: the kernel closes its files.
    Dead,
}

impl At {
    /// Whether it waits, and so notices that its time is over (`Wait::tick`).
    pub fn waits(self) -> bool {
        matches!(self, Self::Queued(..) | Self::Granted(..) | Self::Wait)
    }

    /// Whether it is a reader that has no lock, until it has a shared one.
    pub fn has_lost_its_lock(self) -> bool {
        matches!(
            self,
            Self::ShareLock | Self::ShareLost | Self::ShareWrites(_)
        )
    }

    /// Whether it has a ticket and waits for its turn.
    pub fn is_in_line(self) -> bool {
        matches!(
            self,
            Self::UnlockDraw
                | Self::WaitToBeFirst
                | Self::LockQueue
                | Self::Queued(File::Ticket(_) | File::Queue, _)
                | Self::Granted(File::Ticket(_) | File::Queue, _)
        )
    }
}

/// Why `Head::leave` is called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Then {
    /// Granted.
    #[default]
    Hold,
    /// To wait for its name beside the queue.
    WaitBeside,
    /// Its time is over.
    GiveUp,
}

/// What a head that waits is told of the holders (`Wakeup`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Watch {
    /// It has not waited long enough to ask.
    #[default]
    NotYet,
    /// These hold its names, as far as is known, and their end is told.
    Holders([bool; CLIENTS]),
    /// It is not known of each of its names who holds it: the head looks by the clock.
    Clock,
}

/// One client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Client {
    /// What it does next.
    pub at: At,
    /// Which of its requests.
    pub request: usize,
    /// How often it will begin anew.
    pub rounds: usize,
    /// How it is woken if it waits.
    pub watch: Watch,
    /// Whether the look over the names is one after it has listened.
    pub listens: bool,
    /// `Head::others_wait`.
    pub others_wait: bool,
    /// After `Head::leave`.
    pub then: Then,
    /// The names that it believes to hold.
    pub leases: [[Option<Access>; NAMES]; POOLS],
}

impl Client {
    /// The first lease to give back.
    pub fn next_lease(&self) -> Option<(usize, usize)> {
        let all = (0..POOLS).flat_map(|pool| (0..NAMES).map(move |name| (pool, name)));
        all.into_iter()
            .find(|(pool, name)| self.leases[*pool][*name].is_some())
    }
}
