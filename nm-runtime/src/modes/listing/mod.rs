//! The annotated tests of a test binary, printed by the binary itself: what their
//! attributes ask for, in pools as large as the configuration makes them.

#[cfg(any(test, fuzzing, feature = "tools"))]
mod ask;
pub(crate) mod print;
mod test;

#[cfg(any(test, fuzzing, feature = "tools"))]
pub use ask::{ask, parse};
pub use test::{Request, Test};
