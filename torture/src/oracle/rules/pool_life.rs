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
            state: State::Down { by: None },
            found: Vec::new(),
        };
        life.walk();
        verdict.violations.append(&mut life.found);
    }
}

/// What is surely known of the pool.
#[derive(Clone, Copy)]
enum State<'a> {
    /// Torn down, in the end.
    Down { by: Option<&'a Line> },
    /// By a hook that has failed, or may never have ended.
    Unknown,
    /// Set up.
    Up { by: &'a Line },
}

struct PoolLife<'s, 'a> {
    story: &'s Story<'a>,
    pool: &'a str,
    state: State<'a>,
    found: Vec<Violation>,
}

#[derive(Clone, Copy)]
enum Moment {
    Begins,
    Done,
    Failed,
}

impl<'s, 'a> PoolLife<'s, 'a> {
    fn walk(&mut self) {
        let calls = self
            .story
            .calls
            .iter()
            .filter(|call| call.hook.pool == self.pool);
        let mut moments: Vec<(u64, Moment, &Call<'_>)> = Vec::new();
        for call in calls {
            moments.push((call.begins.at, Moment::Begins, call));
            moments.extend(call.done.map(|line| (line.at, Moment::Done, call)));
            moments.extend(call.failed.map(|line| (line.at, Moment::Failed, call)));
        }
        moments.sort_by_key(|(at, ..)| *at);
        for (_, moment, call) in moments {
            match (call.hook.what.as_str(), moment, call.done) {
                ("setup", Moment::Begins, _) => self.setup_begins(call),
                ("setup", Moment::Done, Some(by)) => self.state = State::Up { by },
                ("teardown", Moment::Begins, _) => self.teardown_begins(call),
                ("teardown", Moment::Done, by) => self.state = State::Down { by },
                ("teardown", Moment::Failed, _) => self.state = State::Unknown,
                ("init", Moment::Begins, _) => self.init_begins(call),
                _ => {}
            }
        }
        if let (State::Up { by }, Some(over)) = (self.state, self.story.over) {
            let what = "was set up and never torn down";
            self.report("not torn down", what, [by, over]);
        }
    }

    fn init_begins(&mut self, call: &Call<'a>) {
        let before = match self.state {
            State::Up { .. } => return,
            State::Unknown => None,
            State::Down { by } => by,
        };
        let lines = before.into_iter().chain([call.begins]);
        self.report("not set up", "had a name made and was not set up", lines);
    }

    fn setup_begins(&mut self, call: &Call<'a>) {
        // A killed process may have been about to write it down, or to tear it down.
        if let State::Up { by } = self.state
            && self.story.killed(&by.process).is_none()
            && !self.a_reaper_was_killed()
        {
            self.report("set up twice", "was set up twice", [by, call.begins]);
        }
        self.state = State::Unknown;
    }

    fn teardown_begins(&mut self, call: &Call<'a>) {
        let line = call.begins;
        // A killed process may have been about to set it up.
        if let State::Down { by: Some(down) } = self.state
            && self.story.killed(&down.process).is_none()
            && !self.story.may_have_begun(self.pool, down.at, line.at)
        {
            self.report("torn down twice", "was torn down twice", [down, line]);
        }
        let until = call.ended().map_or(line.at, |ended| ended.at);
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
