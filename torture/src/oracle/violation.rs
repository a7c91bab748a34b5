use std::fmt;

use crate::history::Line;

/// A broken promise.
#[derive(Clone, Debug)]
pub struct Violation {
    /// Which rule says so.
    pub rule: &'static str,
    /// What is wrong.
    pub what: String,
    /// The lines of the histories that show it.
    pub lines: Vec<String>,
}

impl Violation {
    pub(crate) fn new<'a>(
        rule: &'static str,
        what: String,
        lines: impl IntoIterator<Item = &'a Line>,
    ) -> Self {
        let mut lines: Vec<_> = lines.into_iter().collect();
        lines.sort_by_key(|line| line.at);
        lines.dedup();
        Self {
            rule,
            what,
            lines: lines.into_iter().map(|line| line.text.clone()).collect(),
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rule, self.what)?;
        self.lines
            .iter()
            .try_for_each(|line| write!(f, "\n    {line}"))
    }
}
