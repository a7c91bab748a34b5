//! What the engine makes of a world that breaks: calls that fail, disks that are
//! full, clocks that jump, files that somebody else has put there.
//!
//! Each fault is asked two things: what the user is told, and that no name is
//! lent wrongly because of it.

#![cfg(target_os = "linux")]

#[path = "../support/mod.rs"]
mod support;

mod entries;
mod failing_calls;
mod file_system;
mod forked;
mod injection;
mod other_user;
mod scene;
mod verbs;

#[test]
#[ignore = "started by the other tests as a process of its own"]
fn actor() {
    support::actor::main(&verbs::obey);
}
