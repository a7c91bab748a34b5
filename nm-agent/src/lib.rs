//! What one machine holds and waits for on a server, for all its processes.
//!
//! [`serve`] is the agent: it keeps the machine's session alive with beats, and changes pools
//! for the processes that ask it over a socket ([`wire`]). The rules are those of
//! `nm-register`; nothing is decided here but when to ask.

#![forbid(unsafe_code)]

#[cfg(unix)]
mod agent;
#[cfg(unix)]
mod beat;
#[cfg(unix)]
mod clients;
#[cfg(unix)]
mod clock;
#[cfg(unix)]
mod draw;
#[cfg(unix)]
mod fault;
#[cfg(unix)]
mod hints;
#[cfg(unix)]
mod link;
#[cfg(unix)]
mod locks;
#[cfg(unix)]
mod orphans;
#[cfg(unix)]
mod pool;
#[cfg(unix)]
mod serve;
pub mod wire;
#[cfg(unix)]
mod work;

#[cfg(unix)]
pub use serve::serve;
