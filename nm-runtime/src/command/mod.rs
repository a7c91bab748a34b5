//! Hooks that are commands of a pool's configuration: they take the place of a `Resource`.
//! May import `backend`, `identity`, `config`, `declared`, `terms`, `nm_os`, `base`.

pub(crate) mod call;
pub(crate) mod commands;
pub(crate) mod job;
mod output;
