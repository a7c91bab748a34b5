//! `name-manager server`, by the real binary over a real PostgreSQL.

#![cfg(unix)]

#[cfg(feature = "server")]
mod agent;
#[cfg(feature = "server")]
mod between;
#[cfg(feature = "server")]
mod check;
#[cfg(feature = "server")]
mod door;
#[cfg(all(feature = "server", target_os = "linux"))]
mod encrypted;
#[cfg(feature = "server")]
#[path = "../../../tests/support/executable.rs"]
mod executable;
#[cfg(feature = "server")]
mod init;
#[cfg(feature = "server")]
#[path = "../../../tests/support/instance.rs"]
mod instance;
#[path = "../lend/lab.rs"]
#[allow(dead_code, reason = "each test binary uses a part")]
mod lab;
#[cfg(feature = "server")]
mod machines;
#[cfg(feature = "server")]
mod mistakes;
#[cfg(feature = "server")]
#[path = "../lend/page.rs"]
mod page;
#[cfg(feature = "server")]
mod pages;
#[cfg(feature = "server")]
#[path = "../../../tests/support/pooler.rs"]
mod pooler;
#[cfg(feature = "server")]
mod requests;
#[cfg(not(feature = "server"))]
mod without;
