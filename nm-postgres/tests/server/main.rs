//! A real PostgreSQL: its tables, its guards, and what it says to those who get it wrong.
#![cfg(unix)]

mod encrypted;
#[path = "../../../tests/support/postgres.rs"]
mod instance;
mod life;
mod mistakes;
mod pools;
mod steps;
mod wire;
