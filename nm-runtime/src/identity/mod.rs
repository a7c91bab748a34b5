//! Which run this process belongs to, and which test is asking. May import `config`,
//! `declared`, `terms`, `sys`, `base`.

pub(crate) mod asker;
pub(crate) mod run;
pub(crate) mod runner;
pub(crate) mod slot;
