use std::collections::BTreeMap;
use std::fmt;

use super::Story;

/// What happened, in numbers.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// Requests.
    pub requests: usize,
    /// Requests that were granted.
    pub granted: usize,
    /// Requests that were granted nothing, by the reason.
    pub gave_up: BTreeMap<String, usize>,
    /// Calls of hooks, by hook.
    pub hooks: BTreeMap<String, usize>,
    /// Calls of hooks that failed, by hook.
    pub failed: BTreeMap<String, usize>,
    /// Readers that lost their name to a writer before they had it.
    pub lost_turns: usize,
    /// How many at most were served before a request that is older than theirs.
    pub overtaken: usize,
    /// How long at most a name was free while somebody waited for one, in nanoseconds.
    pub idle: u64,
    /// How long at most somebody waited, in nanoseconds.
    pub waited: u64,
}

impl Figures {
    pub(crate) fn new(story: &Story<'_>) -> Self {
        let mut figures = Self {
            requests: story.requests.len(),
            ..Self::default()
        };
        for request in &story.requests {
            if let Some(granted) = request.granted {
                figures.granted += 1;
                figures.waited = figures.waited.max(granted.at - request.asked.at);
            }
            if let Some((_, why)) = request.gave_up {
                *figures.gave_up.entry(why.to_owned()).or_default() += 1;
            }
            let taken = request.turns.iter().filter(|turn| turn.taken.is_some());
            figures.lost_turns += taken.count().saturating_sub(1);
        }
        for call in &story.calls {
            *figures.hooks.entry(call.hook.what.clone()).or_default() += 1;
            if call.failed.is_some() {
                *figures.failed.entry(call.hook.what.clone()).or_default() += 1;
            }
        }
        figures
    }

    /// Adds those of another round.
    pub fn add(&mut self, other: &Self) {
        self.requests += other.requests;
        self.granted += other.granted;
        for (why, count) in &other.gave_up {
            *self.gave_up.entry(why.clone()).or_default() += count;
        }
        for (hook, count) in &other.hooks {
            *self.hooks.entry(hook.clone()).or_default() += count;
        }
        for (hook, count) in &other.failed {
            *self.failed.entry(hook.clone()).or_default() += count;
        }
        self.lost_turns += other.lost_turns;
        self.overtaken = self.overtaken.max(other.overtaken);
        self.idle = self.idle.max(other.idle);
        self.waited = self.waited.max(other.waited);
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |counts: &BTreeMap<String, usize>| {
            let each = counts.iter().map(|(what, count)| format!("{count} {what}"));
            each.collect::<Vec<_>>().join(", ")
        };
        writeln!(
            f,
            "{} requests, {} granted; given up: {}",
            self.requests,
            self.granted,
            list(&self.gave_up)
        )?;
        writeln!(f, "calls of hooks: {}", list(&self.hooks))?;
        if !self.failed.is_empty() {
            writeln!(f, "of which failed: {}", list(&self.failed))?;
        }
        writeln!(
            f,
            "longest wait {:.3} s; longest time a name was free while somebody waited for one {:.3} s",
            self.waited as f64 / 1e9,
            self.idle as f64 / 1e9
        )?;
        write!(
            f,
            "most served before an older request: {}; after its wait had begun: 0 allowed; \
             readers that lost their name to a writer and asked again: {}",
            self.overtaken, self.lost_turns
        )
    }
}
