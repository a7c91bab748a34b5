//! The engine, over real processes that are really killed.
//!
//! Every step waits for the one before it to have happened: a grant is
//! answered, a wait is seen in the journal and in the kernel's list of locks.

#![cfg(target_os = "linux")] // asks /proc who is queued for which lock

#[path = "../support/mod.rs"]
mod support;

mod descriptors;
mod disturbed;
mod explained;
mod fork;
mod garbage;
mod state_dir;
mod verbs;
mod woken;

#[test]
#[ignore = "started by the other tests as a process of its own"]
fn actor() {
    support::actor::main(&verbs::obey);
}
