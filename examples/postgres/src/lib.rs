//! A small bank, to show tests over a real PostgreSQL server.
//!
//! The server is started when the first test of a run needs it, and stopped when
//! the run is over. Each test has a database of its own, cloned from a template
//! that is migrated once.

mod bank;
mod databases;
mod programs;
mod server;

pub use bank::Bank;
pub use databases::Databases;

/// What a test returns, so that its body can use `?`.
pub type Outcome = Result<(), name_manager::BoxError>;
