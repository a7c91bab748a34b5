//! Stands in for the engine's `terms`.

pub(crate) mod access;
pub(crate) mod asker;
pub(crate) mod holder;
pub(crate) mod record;
