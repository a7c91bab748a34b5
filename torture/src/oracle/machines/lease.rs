use crate::history::{Access, Line};
use crate::oracle::story::Request;

/// A name that a request was granted.
#[derive(Debug)]
pub(super) struct Lease<'a> {
    pub(super) request: &'a Request<'a>,
    pub(super) name: &'a str,
    pub(super) fence: u64,
    /// The machine of its holder.
    pub(super) on: &'a str,
    pub(super) granted: &'a Line,
    /// Until when it has surely been held.
    pub(super) until: u64,
    /// Just before its holder was killed, if it was.
    pub(super) killed: Option<&'a Line>,
}

impl<'a> Lease<'a> {
    pub(super) fn is_shared(&self) -> bool {
        self.request.ask.access == Access::Shared
    }

    /// Whether both must not be held at once.
    pub(super) fn excludes(&self, other: &Self) -> bool {
        self.name == other.name && !(self.is_shared() && other.is_shared())
    }

    /// What shows it.
    pub(super) fn lines(&self) -> impl Iterator<Item = &'a Line> {
        let request = self.request;
        let end = [request.released, request.lost, request.error, self.killed];
        [Some(self.granted), request.releases]
            .into_iter()
            .chain(end)
            .flatten()
    }

    /// Whether its holder knows that it had lost it, or was not there to be told.
    pub(super) fn was_told(&self) -> bool {
        self.request.lost.is_some() || self.request.error.is_some() || self.killed.is_some()
    }
}
