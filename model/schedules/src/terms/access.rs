//! Stands in for the engine's `terms/access.rs`.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Exclusive,
    Shared,
}
