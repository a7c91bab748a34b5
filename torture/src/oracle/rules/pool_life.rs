use crate::history::Line;
use crate::oracle::story::Call;
use crate::oracle::{Bounds, Story, Verdict, Violation};

/// A pool is set up before any name is made, and torn down once, under nobody,
/// when all its names are taken down.
pub(crate) fn check(story: &Story<'_>, _: Bounds, verdict: &mut Verdict) {
    for (pool, _) in story.pools.iter().filter(|(_, pool)| pool.hooks) {
        let mut life = PoolLife {
            story,
            pool,
            up: None,
            down: None,
            found: Vec::new(),
        };
        life.walk();
        verdict.violations.append(&mut life.found);
    }
}

struct PoolLife<'s, 'a> {
    story: &'s Story<'a>,
    pool: &'a str,
    /// Set up there.
    up: Option<&'a Line>,
    /// Torn down there.
    down: Option<&'a Line>,
    found: Vec<Violation>,
}

impl<'s, 'a> PoolLife<'s, 'a> {
    fn walk(&mut self) {
        let calls = self
            .story
            .calls
            .iter()
            .filter(|call| call.hook.pool == self.pool);
        let mut moments: Vec<(u64, bool, &Call<'_>)> = Vec::new();
        for call in calls {
            moments.push((call.begins.at, true, call));
            moments.extend(call.done.map(|line| (line.at, false, call)));
        }
        moments.sort_by_key(|(at, ..)| *at);
        for (_, begins, call) in moments {
            match (call.hook.what.as_str(), begins) {
                ("setup", true) => self.setup_begins(call),
                ("setup", false) => self.up = call.done,
                ("teardown", true) => self.teardown_begins(call),
                ("teardown", false) => {
                    self.up = None;
                    self.down = call.done;
                }
                ("init", true) if self.up.is_none() => {
                    let lines = self.down.into_iter().chain([call.begins]);
                    self.report("not set up", "had a name made and was not set up", lines);
                }
                _ => {}
            }
        }
        if let (Some(up), Some(over)) = (self.up, self.story.over) {
            self.report(
                "not torn down",
                "was set up and never torn down",
                [up, over],
            );
        }
    }

    fn setup_begins(&mut self, call: &Call<'a>) {
        // A killed process may have been about to write it down, or to tear it down.
        if let Some(up) = self.up
            && self.story.killed(&up.process).is_none()
            && !self.a_reaper_was_killed()
        {
            self.report("set up twice", "was set up twice", [up, call.begins]);
        }
        self.up = None;
    }

    fn teardown_begins(&mut self, call: &Call<'a>) {
        let line = call.begins;
        if let (None, Some(down)) = (self.up, self.down)
            && self.story.killed(&down.process).is_none()
        {
            self.report("torn down twice", "was torn down twice", [down, line]);
        }
        let until = call.done.map_or(line.at, |done| done.at);
        let found = self.found.len();
        for request in &self.story.requests {
            if let Some(granted) = request.granted
                && request.ask.pool == self.pool
                && granted.at < until
                && self.story.held_until(request) > line.at
            {
                let what = "was torn down under a holder";
                self.report("torn down too soon", what, [granted, line]);
            }
        }
        if self.found.len() == found
            && let Some((granted, last)) = self.user_beyond(line)
        {
            let what = "was torn down in the middle of a run";
            self.report("torn down too soon", what, [granted, line, last]);
        }
    }

    /// A process that used the pool is of its run until it ends, and the pool stays: the
    /// grant of one that lives on beyond this line, and its last line.
    fn user_beyond(&self, line: &Line) -> Option<(&'a Line, &'a Line)> {
        self.story.requests.iter().find_map(|request| {
            let uses = |granted: &&Line| request.ask.pool == self.pool && granted.at < line.at;
            let granted = request.granted.filter(uses)?;
            let process = self.story.processes.get(request.process)?;
            let last = process.last.filter(|last| last.at > line.at)?;
            let lives = process.killed.is_none_or(|killed| killed.at > line.at);
            lives.then_some((granted, last))
        })
    }

    fn a_reaper_was_killed(&self) -> bool {
        let mut processes = self.story.processes.values();
        processes.any(|process| process.role == "reaper" && process.killed.is_some())
    }

    fn report(
        &mut self,
        rule: &'static str,
        what: &str,
        lines: impl IntoIterator<Item = &'a Line>,
    ) {
        let what = format!("pool `{}` {what}", self.pool);
        self.found.push(Violation::new(rule, what, lines));
    }
}
