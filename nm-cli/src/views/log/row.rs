use nm_runtime::journal::{Event, Kind};
use nm_runtime::record::State;
use nm_runtime::{Access, journal::Phase};
use serde::Serialize;

use crate::screen::clock::{self, Clock};
use crate::screen::{Cell, Column, Give, style};

pub const SHORT: &[Column] = &[
    Column::new("TIME", Give::Not),
    Column::new("EVENT", Give::Not),
    Column::new("NAME", Give::End),
    Column::new("TEST", Give::Beginning),
];

pub const LONG: &[Column] = &[
    Column::new("TIME", Give::Not),
    Column::new("POOL", Give::End),
    Column::new("EVENT", Give::Not),
    Column::new("NAME", Give::End),
    Column::new("TEST", Give::Beginning),
    Column::new("WHAT", Give::End),
    Column::new("WHERE", Give::Beginning),
];

pub fn short(event: &Event, clock: &mut Clock) -> Vec<Cell> {
    vec![time(event, clock), kind(event), name(event), test(event)]
}

pub fn long(event: &Event, clock: &mut Clock) -> Vec<Cell> {
    let holder = &event.holder;
    let location = match holder.file.is_empty() {
        true => holder.process(),
        false => match &holder.host {
            None => format!("{}:{}", holder.file, holder.line),
            Some(host) => format!("{}:{} on {host}", holder.file, holder.line),
        },
    };
    vec![
        time(event, clock),
        Cell::new(&event.pool),
        kind(event),
        name(event),
        test(event),
        Cell::new(what(event)),
        Cell::new(location).style(style::FAINT),
    ]
}

fn time(event: &Event, clock: &mut Clock) -> Cell {
    Cell::new(clock.time(event.time)).style(style::FAINT)
}

fn kind(event: &Event) -> Cell {
    Cell::new(event.kind.as_str()).style(style::event(event))
}

fn name(event: &Event) -> Cell {
    Cell::new(event.name.as_deref().unwrap_or_default()).style(style::STRONG)
}

fn test(event: &Event) -> Cell {
    Cell::new(&event.holder.test)
}

/// The details that no other column shows.
fn what(event: &Event) -> String {
    let mut parts: Vec<String> = Vec::new();
    if let Some(phase) = event.phase {
        parts.push(phase.as_str().to_owned());
    }
    match (event.kind, event.waited) {
        (Kind::Acquired, Some(0) | None) | (_, None) => {}
        (_, Some(waited)) => parts.push(format!("after {}", clock::duration(waited))),
    }
    if event.kind == Kind::Acquired && event.access == Some(Access::Shared) {
        parts.push("shared".to_owned());
    }
    if let Some(state @ (State::Dirty | State::Broken)) = event.state {
        parts.push(state.as_str().to_owned());
    }
    parts.extend(event.detail.clone().filter(|detail| !detail.is_empty()));
    parts.join(", ")
}

/// An event as `--json` shows it: see `docs/json.md`.
#[derive(Serialize)]
pub struct Json<'a> {
    version: u32,
    time: u64,
    kind: &'static str,
    pool: &'a str,
    name: Option<&'a str>,
    fence: Option<u64>,
    id: &'a str,
    test: &'a str,
    pid: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<&'a str>,
    run: &'a str,
    file: &'a str,
    line: u32,
    detail: Option<&'a str>,
    waited: Option<u64>,
    access: Option<&'static str>,
    state: Option<&'static str>,
    phase: Option<&'static str>,
}

impl<'a> Json<'a> {
    pub fn new(event: &'a Event) -> Self {
        let holder = &event.holder;
        Self {
            version: 1,
            time: event.time,
            kind: event.kind.as_str(),
            pool: &event.pool,
            name: event.name.as_deref(),
            fence: event.fence,
            id: &event.id,
            test: &holder.test,
            pid: holder.pid,
            host: holder.host.as_deref(),
            run: &holder.run,
            file: &holder.file,
            line: holder.line,
            detail: event.detail.as_deref(),
            waited: event.waited,
            access: event.access.map(Access::as_str),
            state: event.state.map(State::as_str),
            phase: event.phase.map(Phase::as_str),
        }
    }
}
