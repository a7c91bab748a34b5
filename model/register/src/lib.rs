//! A model of pools on a server: two machines and one name, a server that fails over to a
//! standby that lacks its last changes, that stands still, or is restarted; connections
//! that are cut while a change is on its way. The checker looks at every state.
//!
//! What is decided is not modelled: it is `nm-register` itself. The model has what the
//! register and the agents around it do ([`Agent`]), and what a server promises ([`Db`]).
//!
//! | here | there |
//! |---|---|
//! | `Action::Read`, `Action::Due` | READ, and what the `Observer` says is due |
//! | `Action::Swap` | SWAP, answered |
//! | `Action::Lose`, `Action::Late` | SWAP whose answer never comes, and which is done later or never |
//! | `Action::Hang` | SWAP that waits at the server, and holds its connection |
//! | `Action::Beat`, `Action::Arrive`, `Action::Answer` | BEAT, on its way there and back |
//! | `Action::Stall`, `Action::GoOn` | a server whose commits wait: for a standby, or its disk |
//!
//! A machine that is slow, stopped or cut off is one whose actions come late: nothing but
//! the end of the run is in a hurry.
//!
//! # What is shown
//!
//! - A name is granted while another body uses it only if the session of that body was
//!   declared dead before, or its machine did not come back to a server that had
//!   forgotten changes within the time of a lease.
//! - Two bodies that use a name believe in their leases at no moment both.
//! - A session is declared dead no earlier than the time of a lease after the last beat that
//!   its machine sent and was acknowledged, or that could not get through because of the
//!   server alone.
//! - A lease that the server forgot is put back only before names are granted again, and no
//!   body begins in one that has ended.
//! - Nobody is told that its lease is lost without one of these reasons.
//! - An agent that has nothing left to do has left nothing behind.
//!
//! # What is not here
//!
//! More than two machines, one name and one failover; several pools; whether waiters are
//! served at last; two servers that both think they are the primary.
#![forbid(unsafe_code)]

mod agent;
mod checked;
mod db;
mod flaw;
mod model;

pub use agent::{Agent, Asked, Beat, Body, Page, Plan};
pub use checked::Action;
pub use db::{Db, Statement, Write};
pub use flaw::Flaw;
pub use model::{Bounds, Model, State};
