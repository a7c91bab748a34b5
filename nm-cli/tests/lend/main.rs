//! Lending, by the real binary in real shells.

#![cfg(unix)]

mod acquire;
mod ci_page;
mod compose;
#[cfg(target_os = "linux")]
mod containers;
mod errors;
mod go_test_page;
mod help;
mod hold;
mod hooks;
mod hooks_page;
mod lab;
mod label;
mod lost;
mod missing_code;
#[cfg(target_os = "linux")]
mod no_proc;
mod page;
#[path = "../../../tests/support/patience.rs"]
mod patience;
mod place;
mod pools;
mod pytest_page;
mod readme_page;
mod release;
mod run;
#[path = "../hostile/skip.rs"]
mod skip;
mod texts;
mod unused;
