/// A process above this one, or this one itself.
#[derive(Clone, Debug)]
pub(crate) struct Ancestor {
    /// What its program is called, as the system truncates it.
    pub(crate) command: String,
    pub(crate) parent: u32,
    /// Tells it from a later process with its id, and which of two is the older one.
    pub(crate) started: u64,
}
