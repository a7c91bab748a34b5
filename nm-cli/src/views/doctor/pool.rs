use std::collections::BTreeSet;
use std::error::Error;
use std::fs;

use nm_runtime::inspect::{self, Code, Found, Inspector, Left, ProcessState, View, now};
use nm_runtime::record::Tenure;

use crate::exit::chain;
use crate::keeper::report;
use crate::pools;
use crate::process::proc::Process;
use crate::screen::clock;
use crate::screen::finding::{Findings, bytes};
use crate::views::doctor::place;

/// A name that is held for longer is worth a look.
const LONG: u64 = 3_600_000_000;
/// More than two journals of the usual length.
const LARGE: u64 = 64 << 20;

pub fn look(findings: &mut Findings, inspector: &Inspector, found: &Found) {
    let topic = format!("pool {}", found.pool);
    match inspector.look(found) {
        Ok(view) => look_at_names(findings, &topic, &view),
        Err(error) => {
            findings.problem(
                &topic,
                chain(&error),
                "tests that use the pool fail with this error",
            );
        }
    }
    if !found.is_on_server {
        place::look_at_mode(findings, &found.dir.join("names"));
    }
    declarations(findings, &topic, found);
    journal(findings, &topic, found);
}

/// What a run that is over has made is still there.
fn left(findings: &mut Findings, topic: &str, what: &str, why: &Left) {
    let text = match why {
        Left::Failed(error) => format!("{what} is not cleaned up: {error}"),
        Left::Kept => return findings.note(topic, format!("{what} is kept (NAME_MANAGER_KEEP)")),
        Left::Undone => format!("{what} is not cleaned up: the process for it was killed"),
    };
    let hint = "`name-manager wait` does it, and so does the next run of the tests";
    findings.warning(topic, text, hint);
}

fn look_at_names(findings: &mut Findings, topic: &str, view: &View) {
    let held = view.names.iter().filter(|name| name.held).count();
    let text = format!(
        "names: {}, {held} held, {} waiting",
        view.names.len(),
        view.waiters.len()
    );
    findings.ok(topic, text);
    for (what, code) in [
        ("hooks are", &view.code.resource),
        ("allocator is", &view.code.allocator),
    ] {
        if let Some(Code { krate, place, .. }) = code {
            let text = match krate.is_empty() {
                true => format!("its {what} commands, at {place}"),
                false => format!("its {what} at {place}, in crate `{krate}`"),
            };
            findings.note(topic, text);
        }
    }
    if let Some(why) = &view.left {
        left(findings, topic, "the pool as a whole", why);
    }
    for name in &view.names {
        if let Some(why) = &name.left {
            left(findings, topic, &format!("`{}`", name.name), why);
        }
        for tenure in &name.holders {
            holder(findings, topic, &name.name, tenure);
        }
        if name.unreadable {
            let text = format!("the record of `{}` is corrupt", name.name);
            let hint = "harmless: the next holder will rebuild it and treat the name as dirty";
            findings.warning(topic, text, hint);
        }
        if name.holder_died() {
            let text = format!("the last holder of `{}` ended while it held it", name.name);
            let hint = "harmless: it is free, and dirty for the next holder";
            findings.warning(topic, text, hint);
        }
    }
}

fn holder(findings: &mut Findings, topic: &str, name: &str, tenure: &Tenure) {
    let holder = &tenure.holder;
    let age = now().saturating_sub(holder.since);
    let process = inspect::process(holder);
    let here = [ProcessState::Running, ProcessState::Stopped].contains(&process);
    // A reaper outlives the process that started it on purpose.
    let is_orphan = here && !holder.is_reaper() && is_orphan(holder.pid);
    let text = format!(
        "`{name}` is held by `{}` ({}{}, for {})",
        holder.test,
        pools::pid(holder),
        match is_orphan {
            true => ", whose parent has ended",
            false => "",
        },
        clock::age(holder.since, now())
    );
    if process == ProcessState::Ended {
        let hint = "end that process, if it is no longer needed; it cannot be found here if it is on another machine";
        findings.warning(topic, text, hint);
    } else if process == ProcessState::Stopped {
        let hint = "the name is free when that process goes on (kill -CONT), or is ended";
        findings.warning(topic, text, hint);
    } else if age > LONG || is_orphan {
        let hint = "if it is no longer needed, end that process, or run `name-manager release` for an acquired name";
        findings.warning(topic, text, hint);
    } else {
        findings.note(topic, text);
    }
}

/// Whether a process has outlived the one that started it (Linux). A keeper does so by
/// design, and ends with the shell that it keeps a lease for.
fn is_orphan(pid: u32) -> bool {
    Process::look_up(pid).is_some_and(|process| {
        let arguments = process.arguments();
        let is_keeper = arguments.get(1).is_some_and(|arg| arg == report::COMMAND);
        process.parent == 1 && !is_keeper
    })
}

fn declarations(findings: &mut Findings, topic: &str, found: &Found) {
    let declared = match inspect::declarations(found) {
        Ok(declared) => declared,
        Err(error) => return findings.problem(topic, chain(&error), "remove the file"),
    };
    let root = inspect::workspace_root();
    let is_there = |file: &str| root.as_ref().is_none_or(|root| root.join(file).exists());
    // What one file said before was edited since.
    let mut files = BTreeSet::new();
    let mut declared: Vec<_> = declared.into_iter().rev().collect();
    declared.retain(|one| {
        let file = one.place.rsplit_once(':').map_or(&*one.place, |at| at.0);
        is_there(file) && files.insert(file.to_owned())
    });
    declared.reverse();
    let Some(last) = declared.last() else { return };
    let Some(other) = declared.iter().rev().find(|one| one.size != last.size) else {
        return;
    };
    let text = format!(
        "`{}` at {} in run {}, but `{}` at {} in run {}",
        other.size, other.place, other.run, last.size, last.place, last.run
    );
    let hint = "concurrent runs would disagree on the names; declare the size once, in Cargo.toml";
    findings.warning(topic, text, hint);
}

fn journal(findings: &mut Findings, topic: &str, found: &Found) {
    // A server's is in its database, and is pruned there.
    if found.is_on_server {
        return;
    }
    let size = ["journal.jsonl", "journal.old.jsonl"].iter().map(|name| {
        let file = fs::metadata(found.dir.join(name));
        file.map_or(0, |file| file.len())
    });
    let size: u64 = size.sum();
    if let Err(error) = last_event(found) {
        let hint = "it cannot be shown; leases are not affected";
        return findings.problem(topic, chain(&*error), hint);
    }
    let text = format!("its journal has {}", bytes(size));
    match size > LARGE {
        true => findings.warning(
            topic,
            text,
            "it is rotated when the pool is next opened; it may be removed while no tests run",
        ),
        false => findings.ok(topic, text),
    }
}

fn last_event(found: &Found) -> Result<(), Box<dyn Error + Send + Sync>> {
    for event in found.last_events(1 << 16)? {
        event?;
    }
    Ok(())
}
