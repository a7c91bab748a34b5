//! One pool, as this machine uses it: what its processes hold, wait for and ask, and what of it
//! the server does not have yet. Nothing is read or written here: [`Pool::heed`] takes in what
//! was read, [`Pool::statement`] says what to change, and [`Pool::done`] what came of it. The
//! steps are those of `model/register`, for many requests at a time.

mod ask;
mod grant;
mod heed;
mod look;
mod state;
mod statement;
#[cfg(test)]
mod tests;

pub(crate) use state::{Client, Doubt, Key, Now, Pool, To};
pub(crate) use statement::Statement;
