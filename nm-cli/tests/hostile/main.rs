//! What others may put in our way: another user of the machine, bytes that a
//! terminal or a shell would obey, a disk that is full.

#![cfg(target_os = "linux")]

#[path = "../lend/lab.rs"]
#[allow(dead_code, reason = "each test binary uses a part")]
mod lab;

mod disk;
#[path = "../../../tests/support/executable.rs"]
mod executable;
mod numbers;
mod other_user;
mod skip;
mod terminal;
mod token;
