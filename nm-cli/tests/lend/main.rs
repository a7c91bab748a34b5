//! Lending, by the real binary in real shells.

#![cfg(unix)]

mod acquire;
mod ci_page;
mod compose;
#[cfg(target_os = "linux")]
mod containers;
mod errors;
mod help;
mod hold;
mod lab;
mod label;
mod lost;
mod missing_code;
#[cfg(target_os = "linux")]
mod no_proc;
#[path = "../../../tests/support/patience.rs"]
mod patience;
mod place;
mod pools;
mod release;
mod run;
#[cfg(target_os = "linux")]
#[path = "../hostile/skip.rs"]
mod skip;
mod texts;
mod unused;
