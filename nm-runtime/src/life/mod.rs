//! What happens to a name between its leases.

pub(crate) mod hooks;
