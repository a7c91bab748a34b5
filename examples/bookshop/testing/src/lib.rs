//! The databases that the shop's tests share.
//!
//! A test takes a [`Shop`]: a database that is its own until it ends, with both
//! packages' tables and the rows of [`sample`].

mod database;
pub mod sample;
mod shop;

pub use database::Database;
pub use shop::Shop;

/// What a test returns, so that its body can use `?`.
pub type Outcome = Result<(), name_manager::BoxError>;
