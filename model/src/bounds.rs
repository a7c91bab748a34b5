//! How much there is of everything.

/// Clients.
pub const CLIENTS: usize = 3;
/// Pools, in canonical order.
pub const POOLS: usize = 2;
/// Names of a pool, at most.
pub const NAMES: usize = 2;
