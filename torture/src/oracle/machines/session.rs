use crate::history::Line;

/// A session of a machine's agent, as the server knows it.
#[derive(Debug, Default)]
pub(super) struct Session<'a> {
    /// The machine.
    pub(super) on: &'a str,
    pub(super) beats: Vec<&'a Line>,
    pub(super) buried: Option<&'a Line>,
}

impl<'a> Session<'a> {
    /// When it was declared dead, if that was before this time; and its last beat.
    pub(super) fn buried_before(&self, at: u64) -> Option<(&'a Line, Option<&'a Line>)> {
        let buried = self.buried.filter(|buried| buried.at <= at)?;
        Some((buried, self.last_beat(buried.at)))
    }

    pub(super) fn last_beat(&self, before: u64) -> Option<&'a Line> {
        let mut beats = self.beats.iter().rev();
        beats.find(|beat| beat.at <= before).copied()
    }
}
