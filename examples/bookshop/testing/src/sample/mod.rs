//! A shop's worth of rows, the same ones every time.

mod names;
mod random;
mod rows;
mod table;

pub use table::load;

use catalog::Isbn;

/// How many books there are.
pub const BOOKS: usize = 1_000;
/// How many authors wrote them.
pub const AUTHORS: usize = 250;
/// How many publishers printed them.
pub const PUBLISHERS: usize = 24;
/// How many customers are known.
pub const CUSTOMERS: usize = 300;
/// How many orders there are in all.
pub const ORDERS: usize = 500;

/// Returns the number of the book at `index`, below [`BOOKS`].
#[must_use]
pub fn isbn(index: usize) -> Isbn {
    Isbn::from_serial(100_000 + 37 * u32::try_from(index).unwrap_or(0))
}
