//! A process of `cargo xtask bench`: name-manager and its peers at the same work.
//!
//! `peers LOCK JOB ARGS..` takes a lock when told to by lines on its standard
//! input, and answers with lines of numbers, or one that says what is wrong.

#![forbid(unsafe_code)]

mod body;
mod calls;
mod clock;
mod job;
mod lock;
mod locks;
mod result;
mod talk;
mod threads;
mod wake;

use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use crate::result::Result;

/// No process of a benchmark outlives it by more.
const LIMIT: Duration = Duration::from_secs(120);

fn main() -> ExitCode {
    thread::spawn(|| {
        thread::sleep(LIMIT);
        println!("{:?}: ended after {LIMIT:?}", std::env::args());
        std::process::exit(124);
    });
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("{args:?}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &[&str]) -> Result<()> {
    // Also where the temporary directory is, which serial_test uses.
    let state = PathBuf::from(std::env::var_os("TMPDIR").ok_or("TMPDIR is not set")?);
    match args {
        ["pipe", role] => wake::pipe(&state, role),
        ["futex", role] => wake::futex(&state, role),
        ["name-manager", "threads", count] => threads::run(count.parse()?),
        [lock, job @ ..] => job::run(locks::open(lock, &state)?.as_mut(), job),
        [] => Err("expected a lock and a job".into()),
    }
}
