//! What a process with this library in it does instead of its program, if a variable
//! says so. May import `pool`, `life` and what is below them.

use std::ffi::OsStr;
use std::process;

use crate::base::{json, notice};
use crate::config::variables::MODE;

#[allow(unsafe_code, reason = "code before `main` must be declared so")]
mod before_main;
#[cfg(test)]
mod claims;
mod hook;
pub mod listing;
pub(crate) mod reaper;

/// Does the mode's work, and ends the process.
pub(crate) fn run(mode: &OsStr) -> ! {
    let code = match mode.to_str() {
        Some(listing::print::MODE) => listing::print::print(),
        Some(text) => match json::from_slice(text.as_bytes()) {
            Some(job) => reaper::run(&job),
            None => watch(text),
        },
        None => refuse(),
    };
    process::exit(code)
}

fn watch(text: &str) -> i32 {
    let job = json::from_slice(text.as_bytes());
    job.map_or_else(refuse, |job| hook::run(&job))
}

fn refuse() -> i32 {
    notice::say(&format!(
        "{MODE} is only for name-manager itself; unset it\n"
    ));
    2
}
