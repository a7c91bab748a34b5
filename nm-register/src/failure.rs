use serde::{Deserialize, Serialize};

/// Why a waiter can never be served.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Failure {
    /// Too few names are left in its run; the first that is broken, and why.
    Broken(String),
    /// The pool has hooks, which the program that asks does not contain.
    Hooks,
    /// The pool has an allocator, which it does not contain.
    Allocator,
    /// Hooks have made this name, and the program has none.
    Made(String),
    /// More names than the pool has.
    Capacity(usize),
}
