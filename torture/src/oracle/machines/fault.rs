/// A fault of a machine, or of the server.
#[derive(Debug)]
pub(super) struct Fault<'a> {
    pub(super) id: u64,
    pub(super) kind: &'a str,
    pub(super) on: &'a str,
    pub(super) from: u64,
    /// The end of time, if it never ended.
    pub(super) to: u64,
}

impl Fault<'_> {
    /// Whether it was between these times.
    pub(super) fn was_between(&self, from: u64, to: u64) -> bool {
        self.from <= to && self.to >= from
    }

    pub(super) fn is_of_server(&self) -> bool {
        self.on == "server"
    }

    /// Whether it leaves the machine's agent and its connection alone.
    pub(super) fn is_of_worker(&self) -> bool {
        self.kind.starts_with("worker-")
    }
}
