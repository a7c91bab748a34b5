/// A process above this one, or this one itself.
#[derive(Clone, Debug)]
pub struct Ancestor {
    /// What its program is called, as the system truncates it.
    pub command: String,
    pub parent: u32,
    /// Tells it from a later process with its id, and which of two is the older one.
    pub started: u64,
}
