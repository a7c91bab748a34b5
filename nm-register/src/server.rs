use serde::{Deserialize, Serialize};

/// When the server's process started, in microseconds since 1970 by its own clock. Never
/// compared but for equality: another one means that acknowledged changes may be lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Start(pub i64);

/// The one row for all pools of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Server {
    /// The process that the row is about.
    pub start: Start,
    /// Whether names may be granted: everybody who lives has had the time to say again what
    /// it holds.
    pub calm: bool,
    /// How many processes there were. Fences of a later one are higher.
    pub epoch: u64,
}

impl Server {
    /// Whether names may be granted by a server whose process started then.
    pub fn is_calm(&self, start: Start) -> bool {
        self.calm && self.start == start
    }
}
