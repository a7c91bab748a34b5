//! What happens to a name between its leases: hooks, and the start of the reaper, which
//! runs the last of them. May import `lend`, `backend`, `identity`, `config`,
//! `declared`, `terms`, `base`; never `local`.

pub(crate) mod hooks;
pub(crate) mod membership;
pub(crate) mod standby;
pub(crate) mod step;
