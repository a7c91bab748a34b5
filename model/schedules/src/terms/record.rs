//! Stands in for the engine's records: each belongs to the holder of its name.

use crate::terms::holder::Holder;

/// What a holder waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Waiting;

#[derive(Clone, Debug, Default)]
pub(crate) struct Tenure {
    pub(crate) holder: Holder,
    pub(crate) waiting: Option<Waiting>,
    pub(crate) body_ended: Option<u64>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Record {
    pub(crate) holders: Vec<Tenure>,
}
