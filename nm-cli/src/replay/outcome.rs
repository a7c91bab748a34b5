/// The outcome of a replay, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// From the first request to the last release.
    pub makespan: u64,
    /// All waits for the pool in question together.
    pub waits: u64,
}
