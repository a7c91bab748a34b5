//! The life of the names of pools `life` and `frail`. Those of `frail` fail now and then.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::panic::panic_any;

use name_manager::{BoxError, Name, Reset, Resource};
use torture::history::{Event, Hook};

use crate::request::OnPurpose;
use crate::{fate, seen, task};

struct Life;

impl Default for Life {
    fn default() -> Self {
        fate::begin_as_reaper();
        Self
    }
}

#[name_manager::resource(pool = "life")]
impl Resource for Life {
    fn setup(&self) -> Result<(), BoxError> {
        hook("setup", "life", "", false)
    }

    fn init(&self, name: &Name) -> Result<(), BoxError> {
        hook("init", "life", name, false)
    }

    fn reset(&self, name: &Name, why: Reset<'_>) -> Result<(), BoxError> {
        hook("reset", "life", name, matches!(why, Reset::Dirty(_)))
    }

    fn cleanup(&self, name: &Name) -> Result<(), BoxError> {
        hook("cleanup", "life", name, false)
    }

    fn teardown(&self) -> Result<(), BoxError> {
        hook("teardown", "life", "", false)
    }
}

struct Frail;

impl Default for Frail {
    fn default() -> Self {
        fate::begin_as_reaper();
        Self
    }
}

#[name_manager::resource(pool = "frail")]
impl Resource for Frail {
    fn setup(&self) -> Result<(), BoxError> {
        hook("setup", "frail", "", false)
    }

    fn init(&self, name: &Name) -> Result<(), BoxError> {
        hook("init", "frail", name, false)
    }

    fn reset(&self, name: &Name, why: Reset<'_>) -> Result<(), BoxError> {
        hook("reset", "frail", name, matches!(why, Reset::Dirty(_)))
    }

    fn cleanup(&self, name: &Name) -> Result<(), BoxError> {
        hook("cleanup", "frail", name, false)
    }

    fn teardown(&self) -> Result<(), BoxError> {
        hook("teardown", "frail", "", false)
    }
}

fn hook(what: &str, pool: &str, name: &str, dirty: bool) -> Result<(), BoxError> {
    let hook = Hook {
        what: what.to_owned(),
        pool: pool.to_owned(),
        name: name.to_owned(),
        dirty,
    };
    seen::write(Event::HookBegins(hook.clone()));
    fate::at(match what {
        "init" => "init: half done",
        _ => "hook: half done",
    });
    fate::dawdle();
    if pool == "frail" && fate::one_of_1000(failures(&hook)) {
        seen::write(Event::HookFails(hook));
        return match fate::one_of_1000(500) {
            true => panic_any(OnPurpose),
            false => Err("on purpose".into()),
        };
    }
    seen::write(Event::HookDone(hook));
    Ok(())
}

/// How many of 1000 calls fail: most of some hooks in some runs, so that names break,
/// and few of the others.
fn failures(hook: &Hook) -> u32 {
    let fails = task::get().fails;
    let mut hasher = DefaultHasher::new();
    let run = nm_runtime::caller::run().unwrap_or_default();
    (run, &hook.what, &hook.name).hash(&mut hasher);
    match hasher.finish() % 6 {
        0 => fails * 12,
        _ => fails,
    }
}
