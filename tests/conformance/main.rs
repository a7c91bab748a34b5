//! What holds for every backend, told on each: over real processes that are really
//! killed, and over sessions in memory.
//!
//! Every step waits for the one before it to have happened: a grant is answered, a
//! wait is seen in the journal and where the waiter sleeps.

#![cfg(any(target_os = "linux", windows))] // sees who waits: by /proc there, by files here

#[cfg(target_os = "linux")]
#[path = "../support/agents.rs"]
mod agents;
#[cfg(target_os = "linux")]
#[allow(dead_code, reason = "tests/suites uses the rest")]
#[path = "../suites/command.rs"]
mod command;
#[cfg(target_os = "linux")]
#[path = "../support/database.rs"]
mod database;
#[cfg(target_os = "linux")]
#[path = "../support/instance.rs"]
mod instance;
#[cfg(target_os = "linux")]
#[allow(dead_code, reason = "tests/suites uses the rest")]
#[path = "../suites/place.rs"]
mod place;
#[cfg(target_os = "linux")]
#[path = "../support/program.rs"]
mod program;
#[path = "../support/mod.rs"]
mod support;

/// A claim becomes one test for each stage.
macro_rules! on_each_stage {
    ($(#[$attribute:meta])* fn $claim:ident<S: Stage $(,)?>() $body:block) => {
        stages!([local() memory() server()] $(#[$attribute])* fn $claim $body);
    };
}

/// As [`on_each_stage`], for stories that need what Windows does not have: processes that are
/// stopped, and a kernel that grants a lock in the order in which it was asked for.
macro_rules! on_each_stage_of_unix {
    (fn $claim:ident<S: Stage $(,)?>() $body:block) => {
        stages!([local(#[cfg(unix)]) memory() server()] fn $claim $body);
    };
}

macro_rules! stages {
    ([$($stage:ident($($where:tt)*))*] $(#[$attribute:meta])* fn $claim:ident $body:block) => {
        $(#[$attribute])*
        fn $claim<S: Stage>() $body

        mod $claim {
            $(stage!($stage $claim $($where)*);)*
        }
    };
}

macro_rules! stage {
    (local $claim:ident $($where:tt)*) => {
        $($where)*
        #[test]
        fn local() {
            super::$claim::<$crate::support::local::Local>();
        }
    };
    (memory $claim:ident) => {
        #[test]
        fn memory() {
            super::$claim::<$crate::memory::Memory>();
        }
    };
    (server $claim:ident) => {
        #[cfg(target_os = "linux")]
        #[test]
        fn server() {
            if $crate::database::can_be_made() {
                super::$claim::<$crate::server::Server>();
            } else {
                $crate::support::skip::because("PostgreSQL is not installed");
            }
        }
    };
}

mod again;
#[cfg(target_os = "linux")]
mod agent;
mod assigned;
mod crowd;
mod deadlock;
#[cfg(target_os = "linux")]
mod fork;
mod given_name;
mod gives_up;
mod killed;
mod load;
mod memory;
mod order;
mod outcome;
#[cfg(target_os = "linux")]
mod server;
mod several;
mod shared;
mod tries;
mod verbs;

#[test]
#[ignore = "started by the other tests as a process of its own"]
fn actor() {
    support::actor::main(&verbs::obey);
}
