//! What every other folder is built on and what knows nothing about pools: errors,
//! JSON, text for people, the nearest word, failpoints. Imports no other folder.

pub mod caller;
pub(crate) mod clock;
pub(crate) mod error;
pub mod failpoint;
pub(crate) mod json;
pub(crate) mod notice;
pub(crate) mod process;
pub(crate) mod suggest;
pub(crate) mod text;
pub(crate) mod thread;
