//! Which run this process belongs to, and whose test asks. May import `config`,
//! `declared`, `terms`, `sys`, `base`.

pub(crate) mod run;
pub(crate) mod slot;
