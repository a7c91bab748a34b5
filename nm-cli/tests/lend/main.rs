//! Lending, by the real binary in real shells.

#![cfg(unix)]

mod acquire;
mod ci_page;
mod compose;
#[cfg(target_os = "linux")]
mod containers;
mod engine;
mod errors;
#[path = "../../../tests/support/executable.rs"]
mod executable;
mod go_test_page;
mod help;
mod hold;
mod hooks;
mod hooks_page;
mod hosted_pages;
mod lab;
mod label;
mod lost;
mod make_page;
mod missing_code;
#[cfg(target_os = "linux")]
mod no_proc;
mod node_pages;
mod own_file;
mod page;
mod pages_below;
#[path = "../../../tests/support/patience.rs"]
mod patience;
mod place;
mod pools;
mod pytest_page;
mod pytest_plugin;
mod readme_page;
mod release;
mod run;
mod shop;
#[path = "../hostile/skip.rs"]
mod skip;
mod texts;
mod unused;
