//! Lending where there may be no shell: by the real binary, and this very program in the place
//! of scripts, commands and hooks.

mod beacon;
mod hooks;
mod keeper;
mod lab;
#[path = "../../../tests/support/patience.rs"]
#[allow(dead_code, reason = "others use the rest")]
mod patience;
mod run;
mod script;
