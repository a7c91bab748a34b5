//! Stands in for the engine's records: each belongs to the holder of its name.

/// What a holder waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Waiting;

#[derive(Clone, Debug, Default)]
pub(crate) struct Holder {
    pub(crate) token: String,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Tenure {
    pub(crate) holder: Holder,
    pub(crate) waiting: Option<Waiting>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Record {
    pub(crate) holders: Vec<Tenure>,
}
