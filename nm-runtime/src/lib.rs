//! The engine of `name-manager`. Depend on `name-manager`, which re-exports
//! what is public here.

#![cfg_attr(
    not(feature = "keys"),
    allow(
        dead_code,
        reason = "whoever asks is described in one way, for keys, too"
    )
)]
#![deny(unsafe_code)]

mod backend;
mod base;
mod command;
mod config;
mod declared;
#[cfg(all(unix, any(test, fuzzing)))]
#[doc(hidden)]
pub mod fuzz;
mod identity;
#[cfg(feature = "tools")]
pub mod inspect;
pub mod journal;
mod lend;
mod life;
mod local;
#[cfg(any(test, feature = "memory"))]
#[doc(hidden)]
pub mod memory;
mod modes;
mod pool;
#[cfg(all(unix, feature = "server"))]
mod remote;
mod terms;

#[cfg(feature = "tools")]
pub use backend::snapshot::Forgotten;
pub use base::error::{BoxError, Error};
#[doc(hidden)]
pub use base::failpoint;
pub use declared::allocator::Allocator;
pub use declared::fingerprint::fingerprint;
pub use declared::resource::{Reset, Resource};
pub use lend::lease::{FromLease, Lease};
#[cfg(feature = "tools")]
pub use life::standby::{outlives_us, take_over};
#[doc(hidden)]
pub use modes::listing;
#[cfg(feature = "tools")]
pub use nm_os::Standby;
pub use pool::Pool;
#[cfg(feature = "tools")]
pub use pool::forget::Kept;
pub use pool::request::Request;
pub use terms::access::Access;
pub use terms::decision::{Asked, Assigned, Assignment};
pub use terms::holder::{Holder, LastHolder};
pub use terms::name::Name;
pub use terms::record;
#[cfg(feature = "tools")]
pub use terms::run_note::{FailedCleanup, RunNote};

/// How a command describes itself, and which run it belongs to.
pub mod caller {
    pub use crate::base::caller::{Caller, CallerRun, set};
    #[cfg(feature = "tools")]
    pub use crate::identity::run::begins_here;
    pub use crate::identity::run::id as run;
    #[cfg(feature = "tools")]
    pub use crate::identity::runner::end_with_child;
    #[cfg(feature = "tools")]
    pub use crate::pool::opened::leave_pools;
    #[cfg(all(unix, feature = "tools"))]
    pub use nm_os::keep_ended_children;
}

#[cfg(all(windows, feature = "tools"))]
pub use nm_os::tools as windows;

/// What generated code calls.
#[doc(hidden)]
pub mod private {
    pub use crate::__leases as leases;
    pub use crate::__register as register;
    pub use crate::declared::allocator::{AllocatorSpec, boxed as boxed_allocator};
    pub use crate::declared::place::Place;
    pub use crate::declared::resource::{ResourceSpec, boxed};
    pub use crate::declared::section::Entry;
    pub use crate::declared::section::tests;
    pub use crate::declared::test::{RequestSpec, TestSpec};
    #[cfg(feature = "keys")]
    pub use crate::pool::again::is_held_by_any;
    #[cfg(feature = "keys")]
    pub use crate::pool::attribute::acquire_as_asked;
    pub use crate::pool::attribute::{FromLeases, Leases, acquire};
    #[cfg(feature = "keys")]
    pub use crate::pool::keys::is_held;
    pub use crate::pool::unbegun::{or_exit, or_return};
    pub use crate::terms::want::Amount;
    pub use nm_words::{key, request};
}
