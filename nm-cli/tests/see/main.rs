//! Seeing, by the real binary over real pools and over journals made by hand.

#![cfg(unix)]

mod bad_input;
mod browser;
mod doctor;
mod journal;
mod lab;
mod log;
#[path = "../../../tests/support/patience.rs"]
mod patience;
mod shared_pool;
mod stats;
mod status;
mod terminal;
mod timeline;
