//! What a bookshop sells: customers, their orders, copies reserved, invoices.
//!
//! The tables stand beside the catalogue's in the same database; [`MIGRATIONS`]
//! come after [`catalog::MIGRATIONS`].

mod error;
mod migration;

pub mod customer;
pub mod invoice;
pub mod order;
pub mod report;
pub mod reservation;

pub use error::{Error, Result};
pub use migration::MIGRATIONS;
