//! The databases that the shop's tests share.
//!
//! A test takes a [`Shop`]: a database that is its own until it ends, with both
//! packages' tables and the rows of [`sample`].

mod database;
mod life;
pub mod sample;
mod shop;

pub use database::Database;
pub use life::Databases;
pub use shop::Shop;

/// What a test returns, so that its body can use `?`.
pub type Outcome = Result<(), name_manager::BoxError>;
