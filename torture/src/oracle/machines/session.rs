use crate::history::Line;

/// A session of a machine's agent, as the server knows it.
#[derive(Debug, Default)]
pub(super) struct Session<'a> {
    /// The machine.
    pub(super) on: &'a str,
    pub(super) beats: Vec<&'a Line>,
    /// Once, unless the server forgets it.
    pub(super) buried: Vec<&'a Line>,
}

impl<'a> Session<'a> {
    pub(super) fn was_buried(&self, before: u64) -> bool {
        self.buried.iter().any(|buried| buried.at <= before)
    }

    pub(super) fn last_beat(&self, before: u64) -> Option<&'a Line> {
        let mut beats = self.beats.iter().rev();
        beats.find(|beat| beat.at <= before).copied()
    }
}
