//! A model of the engine: three processes, two pools of up to two names, any of the
//! processes killed at any step, a deadline passing at any wait. The checker looks at
//! every state that they can reach.
//!
//! The engine's steps are here as in `nm-runtime`, under the names of the
//! functions that they stand for. The kernel is here as what it promises: a lock
//! goes to the first request after it is free, in no order; the files of a dead
//! process are closed one by one, in any order; the end of a process is told once all
//! are closed.
//!
//! | here ([`At`]) | there, in `local/` |
//! |---|---|
//! | `EnterNow`, `HasWaiters` | `Head::enter_now`; `queue::has_waiters`, `queue::is_empty` |
//! | `Announce`, `LockDraw`, `MakeTicket`, `LockTicket`, `UnlockDraw` | `Ticket::draw`, with `queue::announce` |
//! | `WaitToBeFirst` | `Ticket::wait_to_be_first`, with `queue::is_given_up` |
//! | `LockQueue` | `Head::enter`, with `blocked::lock` |
//! | `Queued`, `Granted` | `Pending::join`, and the lock in its slot until `Pending::wait_until` finds it |
//! | `Take` | `Head::take` with `head::taken`, from `Head::scan` |
//! | `Listen`, `Wait` | `Wakeup::listen` and `Wakeup::wait`, from `Head::take_any` |
//! | `DropLock` | the drop of a `Taken` that is not wanted |
//! | `AnnounceNamed`, `Reserve`, `TryName`, `UnlockName` | `Head::take_given`, with `Head::reserve` and `given_name::lock_name` |
//! | `UnlockReservation`, `RingReserved` | the drop of its `Reservation` |
//! | `HandOver` | `Grant::hand_over` |
//! | `LeaveQueue`, `UnlinkTicket`, `UnlockTicket` | `Head::leave`, with the drop of `Ticket` |
//! | `ShareUnlock`, `ShareLock`, `ShareLost` | `LocalHold::share`, with `Locked::share` |
//! | `Body`, `EndUnlock`, `EndRing` | the body; `LocalHold::end`, with `LocalHold::give_back`, `Locked::unlock`, `Bell::ring` |
//! | [`Action::Deadline`] | `Wait::tick` (in `lend/`), and what drops when it says that the time is over |
//! | [`Action::Abandoned`] | the thread of `Pending::join` whose owner gave up |
//! | [`Action::LookAgain`] | the end of a `Wakeup::wait` by the clock |
//! | [`Action::Crash`], [`Action::Close`] | SIGKILL, and what the kernel does after it |
//!
//! Calls between which no other process can see a difference are one step: all that a
//! head does to a name that it takes, for instance.
//!
//! # What is shown
//!
//! [`properties`] lists what is true of every state. That every live waiter is
//! served follows from two of them: no run comes back to a state ([`is_acyclic`]), so
//! each ends; and where it ends, or rests until a body ends, every waiter that is
//! left waits for a living holder, in one or several steps. No waiter depends on a
//! deadline, a death, or the looks that a head takes when it tells its user that
//! it still waits.
//!
//! # What is assumed
//!
//! - A body ends at last, and a process that is not dead goes on.
//! - A head that does not know who holds a name of its looks again by the clock, as often as
//!   it takes: `a_holder_that_is_not_on_record` shows that it matters.
//! - The moment in which a reader has no lock, while it turns its exclusive lock
//!   into a shared one, is not hit forever: up to twice in a run.
//!
//! # What is not here
//!
//! The state directory removed, hooks, broken names, allocators, the deadlock
//! that a test makes by hand, several threads of one process (see `schedules/`),
//! `try_acquire`, process ids that are used again, more than three clients.
#![forbid(unsafe_code)]

mod bounds;
mod checked;
mod client;
mod cycles;
mod engine;
mod flaw;
mod kernel;
mod outside;
pub mod properties;
mod state;
mod step;

pub use client::{At, Client, File, Program, Request, Then};
pub use cycles::is_acyclic;
pub use engine::{Action, Engine};
pub use flaw::Flaw;
pub use kernel::{Access, Bell, Lock, Owner, Owners};
pub use state::{Abandoned, AbandonedAt, Name, Open, Pool, State, Ticket, Wrongs};
