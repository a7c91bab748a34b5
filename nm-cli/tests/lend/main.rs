//! Lending, by the real binary in real shells.

#![cfg(unix)]

mod acquire;
mod compose;
mod hold;
mod lab;
mod missing_code;
mod place;
mod pools;
mod release;
mod run;
mod texts;
