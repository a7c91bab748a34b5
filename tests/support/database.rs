//! Databases in which names can be lent, of the server that this process's tests share.

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::instance;
use crate::program::program;

/// Whether there is a PostgreSQL on this machine.
pub fn can_be_made() -> bool {
    instance::programs().is_some()
}

/// The address of a new one.
pub fn new() -> String {
    static DATABASES: AtomicU32 = AtomicU32::new(0);
    let server = instance::shared().expect("PostgreSQL is installed");
    let name = format!("names_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
    server.sql("postgres", &format!("CREATE DATABASE {name}"));
    let address = server.url("boss", &name);
    let made = Command::new(program())
        .args(["server", "init", "--lease", "5s"])
        .env("NAME_MANAGER_SERVER", &address)
        .output()
        .expect("the command can be started");
    assert!(made.status.success(), "{made:?}");
    address
}
