//! The rules of a pool that several machines share: who is lent what, who is dead, and
//! what may still be believed after a server has forgotten something.
//!
//! No engine is known here, and nothing is read or written. A register stores one
//! [`Document`] for each pool together with a random [`Tag`], and changes it by
//! compare-and-swap on the tag; it stores one [`Server`] row, and the count of beats of
//! each [`Session`]. What the next document is, [`decide`] says; who may be declared dead,
//! and when grants may go on after a restart, an [`Observer`] says; whether a machine may
//! believe in its own leases, its [`Beats`] say. Time is handed in, by the clock of the
//! machine that asks; no clock of another one decides anything.

#![forbid(unsafe_code)]

mod access;
mod again;
mod beats;
mod decide;
mod document;
mod event;
mod failure;
mod id;
mod names;
mod observer;
mod record;
mod request;
mod serve;
mod server;
mod who;
mod work;

pub use access::Access;
pub use beats::Beats;
pub use decide::{Decided, decide};
pub use document::{By, Code, Document, Hold, Place, Standing, Unsound, Waiter, Wanted};
pub use event::{Event, Kind, Phase};
pub use failure::Failure;
pub use id::{NotAnId, Session, Tag, Token};
pub use names::{Names, Spec, is_lock};
pub use observer::{Due, Look, Observer, Seen, Watched};
pub use record::{Doing, Failures, LastHolder, Life, Name, Record, State};
pub use request::{After, Assign, DECISIONS, Decision, Outcome, Refusal, Request};
pub use server::{Server, Start};
pub use who::Who;
pub use work::Known;
