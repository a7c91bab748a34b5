//! Pools on a PostgreSQL server: the register of [`nm_register`] as tables and statements.
//!
//! Nothing is decided here. Every change is one statement that is a transaction of its own,
//! so that poolers in transaction mode work, and is done only if the row still is what was
//! read. Beats are to have a [`Connection`] of their own: a change may wait for a row, or for
//! a standby, and a beat that waits behind it would cost the machine its leases.

#![forbid(unsafe_code)]

mod address;
mod connection;
mod error;
mod facts;
mod hint;
mod journal;
mod listener;
mod passfile;
mod register;
mod tables;
mod tls;

pub use address::{Address, Surroundings};
pub use connection::Connection;
pub use error::{Error, Kind};
pub use facts::{Facts, Machine};
pub use hint::Hint;
pub use register::{Beaten, Glance, Lent, Page, Swap};
pub use tables::{LEASE, LEASES, Made, statements};
