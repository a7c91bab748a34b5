//! How much there is of everything: the checker looks at all of it.

/// So many clients.
pub const CLIENTS: usize = 3;
/// So many pools, in canonical order.
pub const POOLS: usize = 2;
/// So many names a pool, at most.
pub const NAMES: usize = 2;
