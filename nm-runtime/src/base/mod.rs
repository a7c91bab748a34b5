//! What every other folder stands on, and what knows nothing of pools: errors,
//! JSON, text for people, the nearest word, failpoints. Imports no other folder.

pub mod caller;
pub(crate) mod clock;
pub(crate) mod error;
pub mod failpoint;
pub(crate) mod json;
pub(crate) mod notice;
pub(crate) mod suggest;
pub(crate) mod text;
