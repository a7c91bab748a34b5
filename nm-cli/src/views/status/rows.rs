use std::io;

use nm_runtime::inspect::{self, Left, NameView, View, Waiter, now};
use nm_runtime::record::{Record, State, Tenure};
use nm_runtime::{Access, Holder};

use crate::pools;
use crate::screen::{Cell, Column, Give, Screen, Table, clock, style, text};

const COLUMNS: &[Column] = &[
    Column::new("NAME", Give::End),
    Column::new("STATE", Give::Not),
    Column::new("WHO", Give::Beginning),
    Column::new("FOR", Give::Not),
    Column::new("PID", Give::Not),
    Column::new("RUN", Give::End),
    Column::new("NOTE", Give::End),
];

pub fn show(screen: &mut Screen, views: &[View]) -> io::Result<()> {
    let mut table = Table::new(COLUMNS);
    for (at, view) in views.iter().enumerate() {
        if at > 0 {
            table.line(screen, Cell::default())?;
        }
        table.line(screen, Cell::new(summary(view)).style(style::STRONG))?;
        for name in &view.names {
            show_name(screen, &mut table, name)?;
        }
        for (at, waiter) in view.waiters.iter().enumerate() {
            table.row(screen, waiting(at, waiter))?;
        }
    }
    table.flush(screen)
}

/// `db: 2 of 3 names held, 4 waiting; cleaning up after cargo-7-8`
fn summary(view: &View) -> String {
    let held = view.names.iter().filter(|name| name.held).count();
    let names = match view.capacity {
        Some(capacity) => format!("{held} of {capacity} names held"),
        None if view.code.allocator.is_some() => {
            format!(
                "{} held, as its allocator decides",
                text::count(held as u64, "name")
            )
        }
        None => format!("{held} held, unbounded"),
    };
    let said_last = view.said_last.as_ref();
    let said_last = said_last.map_or(String::new(), |said| {
        format!(", as {} said last", said.place)
    });
    let waiting = match view.waiters.len() {
        0 => String::new(),
        count => format!(", {count} waiting"),
    };
    let hook = view.hook.as_ref().map_or(String::new(), |hook| {
        format!(
            "; in {} for {}, by `{}` ({})",
            hook.kind,
            clock::age(hook.since, now()),
            hook.holder.test,
            pools::pid(&hook.holder)
        )
    });
    let cleaning = match &*view.cleaning {
        [] => String::new(),
        runs => format!("; cleaning up after {}", runs.join(", ")),
    };
    let left = view
        .left
        .as_ref()
        .map_or(String::new(), |left| format!("; {}", not_cleaned_up(left)));
    format!(
        "{}: {names}{said_last}{waiting}{cleaning}{hook}{left}",
        view.pool
    )
}

fn show_name(screen: &mut Screen, table: &mut Table, name: &NameView) -> io::Result<()> {
    let shown = Cell::new(&name.name).style(style::STRONG);
    let holders = &name.holders;
    if holders.is_empty() {
        let (state, style) = free_state(name);
        let mut cells = vec![shown, Cell::new(state).style(style)];
        cells.resize(COLUMNS.len() - 1, Cell::default());
        cells.push(Cell::new(note(name)));
        return table.row(screen, cells);
    }
    for (at, tenure) in holders.iter().enumerate() {
        let (state, style) = match &name.hook {
            Some(hook) => (hook.kind.as_str(), style::HOOK),
            None => (held_state(tenure), style::HELD),
        };
        let holder = &tenure.holder;
        let since = clock::age(holder.since, now());
        table.row(
            screen,
            vec![
                if at == 0 {
                    shown.clone()
                } else {
                    Cell::default()
                },
                Cell::new(state).style(style),
                Cell::new(&holder.test),
                Cell::new(since),
                Cell::new(pid(holder)),
                Cell::new(&holder.run).style(style::FAINT),
                Cell::new(holding(tenure)),
            ],
        )?;
    }
    Ok(())
}

/// Why something is left, and what to do.
fn not_cleaned_up(left: &Left) -> String {
    let wait = "`name-manager wait` does it";
    match left {
        Left::Failed(error) => format!("not cleaned up: {error}; {wait} again"),
        Left::Kept => "kept (NAME_MANAGER_KEEP)".to_owned(),
        Left::Undone => format!("not cleaned up: its reaper was killed; {wait}"),
    }
}

/// The word for a name without a known holder.
fn free_state(name: &NameView) -> (&'static str, anstyle::Style) {
    match &name.record {
        _ if name.unreadable => ("unreadable", style::BAD),
        _ if name.held => ("held", style::HELD),
        None => ("unused", style::FAINT),
        Some(_) if name.left.is_some() => ("left", style::BAD),
        Some(_) if name.holder_died() => ("dirty", style::WAITING),
        Some(record) => match record.state {
            State::Clean => ("free", style::FREE),
            state => (state.as_str(), style::state(state)),
        },
    }
}

fn note(name: &NameView) -> String {
    if let Some(left) = &name.left {
        return not_cleaned_up(left);
    }
    if let Some(run) = &name.awaits_cleanup {
        return format!("awaits cleanup after {run}");
    }
    match &name.record {
        _ if name.unreadable => {
            "its record is corrupt; the next holder will rebuild it and treat the name as dirty"
                .into()
        }
        Some(record) if name.holder_died() => {
            let test = record.holders.first().map(|tenure| &tenure.holder.test);
            format!(
                "`{}` ended while it held it",
                test.map_or("its holder", String::as_str)
            )
        }
        Some(Record {
            reason: Some(reason),
            ..
        }) => reason.clone(),
        _ if name.held => "being lent".into(),
        _ => String::new(),
    }
}

fn held_state(tenure: &Tenure) -> &'static str {
    match tenure.access {
        Access::Exclusive => "held",
        Access::Shared => "shared",
    }
}

/// The process, and its machine if several share the pool.
fn pid(holder: &Holder) -> String {
    match &holder.host {
        None => holder.pid.to_string(),
        Some(host) => format!("{} on {host}", holder.pid),
    }
}

/// How its process is, the pool that it waits for itself, or where it stands in the source.
fn holding(tenure: &Tenure) -> String {
    let holder = &tenure.holder;
    let process = inspect::process(holder).note();
    if let Some(note) = process {
        return note.to_owned();
    }
    if let Some(ended) = tenure.body_ended {
        let ago = clock::age(ended, now());
        return format!("its body ended {ago} ago, but the lease lives on");
    }
    match &tenure.waiting {
        Some(waiting) => format!("waits for pool `{}`", waiting.pool),
        None if holder.file.is_empty() => String::new(),
        None => format!("{}:{}", holder.file, holder.line),
    }
}

fn waiting(at: usize, waiter: &Waiter) -> Vec<Cell> {
    let event = waiter.event.as_ref();
    let test = event.map_or("?", |event| &event.holder.test);
    let age = event.map(|event| clock::age(event.time, now()));
    let run = event.map_or("", |event| &event.holder.run);
    let wanted = event.and_then(|event| event.detail.as_deref());
    let note = event.and_then(|event| inspect::process(&event.holder).note());
    let note = note.map_or(String::new(), |note| format!("; {note}"));
    vec![
        Cell::new(format!("#{}", at + 1)),
        Cell::new("waits").style(style::WAITING),
        Cell::new(test),
        Cell::new(age.unwrap_or_default()),
        Cell::new(event.map_or_else(|| waiter.pid.to_string(), |event| pid(&event.holder))),
        Cell::new(run).style(style::FAINT),
        Cell::new(format!("for {}{note}", wanted.unwrap_or("a name"))),
    ]
}
