use std::fmt;

use super::Story;
use super::story::Request;
use crate::history::{Event, Line};

/// What a process was doing when it was killed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Death {
    /// What for.
    pub group: Group,
    /// In words.
    pub state: &'static str,
    /// The failpoint, unless somebody else killed it.
    pub at: Option<String>,
}

/// What kind of a party was killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// A holder.
    Holder,
    /// A waiter.
    Waiter,
    /// A process that was just being granted a lease, giving one back, or in a hook.
    Change,
    /// Anybody else.
    Other,
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Holder => "holder",
            Self::Waiter => "waiter",
            Self::Change => "grant, hook, release",
            Self::Other => "other",
        })
    }
}

/// All processes that were killed, but those that hung.
pub fn deaths(lines: &[Line]) -> Vec<Death> {
    let story = Story::new(lines);
    let mut deaths = Vec::new();
    for (name, process) in &story.processes {
        let Some(killed) = process.killed else {
            continue;
        };
        let (why, at) = match &killed.event {
            Event::Kills { why, .. } if why == "hang" => continue,
            Event::Kills { why, .. } => (why.as_str(), None),
            Event::Dies(at) => ("itself", Some(at.clone())),
            _ => continue,
        };
        let (group, state) = match (process.role, why) {
            // The first there, and those that write nothing of what they do.
            (_, "container") if !["worker", "reaper", "client"].contains(&process.role) => continue,
            ("hook", _) => (Group::Change, "a hook that is a command"),
            (_, "watcher") => (Group::Change, "what watches over a command"),
            (_, "runner") => (Group::Other, "the runner of all, a stand-in for cargo"),
            (_, "run") => outside(&story, name, "`name-manager run`"),
            (_, "keeper") => outside(&story, name, "keeper of `name-manager acquire`"),
            ("reaper", _) => reaper(&story, name),
            _ => own(&story, name, at.as_deref()),
        };
        deaths.push(Death { group, state, at });
    }
    deaths
}

/// A process that writes no history, but whose client does.
fn outside(story: &Story<'_>, process: &str, who: &'static str) -> (Group, &'static str) {
    let holds = |request: &Request<'_>| {
        request.owner == process && request.granted.is_some() && request.releases.is_none()
    };
    match (story.requests.iter().any(holds), who) {
        (true, "`name-manager run`") => (Group::Holder, "`name-manager run`, its command runs"),
        (true, _) => (Group::Holder, "keeper of `name-manager acquire`"),
        (false, "`name-manager run`") => (Group::Waiter, "`name-manager run`, before its command"),
        (false, _) => (Group::Other, "keeper of `name-manager acquire`, at its end"),
    }
}

fn reaper(story: &Story<'_>, process: &str) -> (Group, &'static str) {
    let mut calls = story.calls.iter();
    match calls.rfind(|call| call.process == process) {
        Some(call) if call.ended().is_none() => (Group::Change, "reaper, in cleanup or teardown"),
        Some(_) => (Group::Other, "reaper, between names"),
        None => (Group::Other, "reaper, standing by"),
    }
}

fn own(story: &Story<'_>, process: &str, at: Option<&str>) -> (Group, &'static str) {
    let mut calls = story.calls.iter();
    let call = calls.rfind(|call| call.process == process && call.ended().is_none());
    match call.map(|call| call.hook.what.as_str()) {
        Some("setup") => return (Group::Change, "in setup"),
        Some("init") => return (Group::Change, "in init"),
        Some("reset") => return (Group::Change, "in reset"),
        Some(_) => return (Group::Change, "in cleanup before init"),
        None => {}
    }
    let open = |request: &&Request<'_>| request.process == process && !request.has_ended();
    let open: Vec<_> = story.requests.iter().filter(open).collect();
    let Some(last) = open.last() else {
        return (Group::Other, "between requests");
    };
    if last.releases.is_some() {
        return (Group::Change, "giving back");
    }
    if last.granted.is_some() {
        return (Group::Holder, "holder");
    }
    let turn = last.turns.last().copied().unwrap_or_default();
    if turn.taken.is_some() {
        return (Group::Change, "being granted");
    }
    if open.iter().any(|request| request.granted.is_some()) {
        return (Group::Holder, "holder that waits for more");
    }
    if last.reserved.is_some() {
        return (Group::Waiter, "waiter for a given name, beside the line");
    }
    if last.blocks.is_some() || turn.heads.is_some() {
        return (Group::Waiter, "waiter, head of the queue");
    }
    if turn.first.is_some() {
        return (Group::Waiter, "waiter, first in line");
    }
    if turn.waits.is_some() {
        return (Group::Waiter, "waiter in line, not its head");
    }
    match at {
        Some("queue: locked" | "name: locked") => (Group::Change, "being granted"),
        Some(at) if at.starts_with("line: ") => (Group::Waiter, "waiter, joining the line"),
        _ => (Group::Other, "asking"),
    }
}
