//! Requests by what a hook has started: one for the hook's own pool would wait for the hook,
//! which waits for it.
//!
//! Seen by what the process was told when it started. Hooks that two processes call, each of
//! which asks for the pool of the other, are not: no record says which hook a waiter is part of.

use crate::base::error::{Error, Kind, Result};
use crate::pool::opened::Opened;
use crate::terms::hook_call::HookCall;

/// Refuses a request for this pool if one of these hooks, the outermost first, is
/// its own.
pub(crate) fn refuse(pool: &Opened, within: &[HookCall]) -> Result<()> {
    let is_own = |call: &HookCall| call.key == pool.backend.key();
    let Some(own) = within.iter().position(is_own) else {
        return Ok(());
    };
    let calls = within[own..].iter();
    let calls: Vec<_> = calls
        .map(|call| format!("{} ({})", call.what, call.place))
        .collect();
    let instead = match calls.len() {
        1 => {
            "do without it there: NAME_MANAGER_NAME is the name that the hook is about, and anything else can be a pool of its own"
        }
        _ => "let the hooks of one of these pools do without the other",
    };
    Err(Error::new(
        Kind::AlreadyHeld,
        format!(
            "pool `{}` is asked for within its own hook, {}, and would wait for that to end; {instead}",
            pool.name,
            calls.join(", by way of ")
        ),
    ))
}
