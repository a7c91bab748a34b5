//! Which run this process belongs to, which test is asking, and whether it is alone. May
//! import `config`, `declared`, `terms`, `nm_os`, `base`.

pub(crate) mod alone;
pub(crate) mod asker;
pub(crate) mod program;
pub(crate) mod run;
pub(crate) mod runner;
pub(crate) mod slot;
