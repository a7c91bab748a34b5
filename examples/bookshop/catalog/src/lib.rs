//! What a bookshop has: its books, what they cost, how many are left.
//!
//! Every function takes a connection to a database that [`MIGRATIONS`] has
//! brought up to date; those that change more than one row do so in one
//! transaction.

mod cents;
mod error;
mod isbn;
mod migration;

pub mod book;
pub mod import;
pub mod price;
pub mod search;
pub mod stock;

pub use cents::Cents;
pub use error::{Error, Result};
pub use isbn::Isbn;
pub use migration::{MIGRATIONS, Migration, Migrations};
