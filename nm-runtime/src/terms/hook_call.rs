//! A hook that is a command, as what it starts is told of it.

use crate::base::json;

/// One that has not ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HookCall {
    /// Which pool's it is, as [`Backend::key`](crate::backend::Backend::key) tells them apart.
    pub(crate) key: String,
    /// Which one, and of which name: `init of db-0`.
    pub(crate) what: String,
    /// Where the pool's hooks are configured.
    pub(crate) place: String,
}

json::object!(HookCall { key, what, place });
