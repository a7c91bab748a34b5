//! The commands that lend names, give them back, or run tests, and those that
//! describe the program itself.
//!
//! May import `cleanup`, `keeper`, `groups`, `listing`, `pools`, `server`, `args`, `process`,
//! `screen`, `exit` and `sys`; no command imports another.

pub mod acquire;
pub mod adopt;
#[cfg(all(unix, feature = "server"))]
pub mod agent;
pub mod completions;
pub mod hold;
pub mod init;
pub mod keep_alive;
pub mod man;
pub mod nextest;
pub mod release;
pub mod reset;
pub mod run;
#[cfg(all(unix, feature = "server"))]
pub mod server;
pub mod test;
pub mod wait;
#[cfg(not(all(unix, feature = "server")))]
pub mod without_server;
