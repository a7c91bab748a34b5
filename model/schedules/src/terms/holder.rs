//! Stands in for the engine's holders.

#[derive(Clone, Debug, Default)]
pub(crate) struct Holder {
    pub(crate) test: String,
    pub(crate) token: String,
}
