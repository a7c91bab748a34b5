//! How a command says things: tables, times, styles and JSON on standard output,
//! messages on standard error. Text from test names and journals is escaped.
//!
//! Imports no other folder.

pub mod clock;
pub mod difference;
pub mod finding;
pub mod json;
pub mod label;
pub mod stderr;
pub mod stdout;
pub mod style;
mod table;
pub mod text;

pub use stdout::Screen;
pub use table::{Cell, Column, Give, Table};
