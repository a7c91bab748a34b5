//! A real PostgreSQL: its tables, its guards, and what it says to those who get it wrong.
#![cfg(unix)]

mod encrypted;
mod hints;
#[path = "../../../tests/support/instance.rs"]
mod instance;
mod journal;
mod life;
mod mistakes;
mod pools;
mod steps;
mod wire;
