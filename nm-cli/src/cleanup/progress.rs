use std::time::{Duration, Instant};

use nm_runtime::inspect::{Found, Inspector, now};
use nm_runtime::journal::Kind;

use crate::screen::{clock, stderr};

/// Before that nobody wonders what is waited for.
const FIRST: Duration = Duration::from_secs(1);
const EVERY: Duration = Duration::from_secs(10);

/// Tells what is waited for, now and then.
pub struct Progress {
    next: Instant,
}

impl Progress {
    pub fn new() -> Self {
        Self {
            next: Instant::now() + FIRST,
        }
    }

    /// When something is to be told.
    pub fn next(&self) -> Instant {
        self.next
    }

    pub fn tell(&mut self, found: &Found, run: &str) {
        self.next = Instant::now() + EVERY;
        stderr::warn(&format!("waiting for {}", what(found, run)));
    }
}

/// `the clean-up of pool `db` after run cargo-7-8 (db-0, cleanup for 12s; db-1)`
pub fn what(found: &Found, run: &str) -> String {
    let what = format!("the clean-up of pool `{}` after run {run}", found.pool);
    let Ok(view) = Inspector::new().look(found) else {
        return what;
    };
    let mut parts = Vec::new();
    for name in &view.names {
        match &name.hook {
            Some(hook) if hook.kind == Kind::Cleanup => {
                let age = clock::age(hook.time, now());
                parts.push(format!("{}, cleanup for {age}", name.name));
            }
            _ if name.is_made() => parts.push(name.name.clone()),
            _ => {}
        }
    }
    if let Some(hook) = &view.hook {
        parts.push(format!(
            "{} for {}",
            hook.kind,
            clock::age(hook.since, now())
        ));
    }
    match parts.is_empty() {
        true => what,
        false => format!("{what} ({})", parts.join("; ")),
    }
}
