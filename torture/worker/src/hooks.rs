//! The life of the names of pool `life`.

use name_manager::{BoxError, Name, Reset, Resource};
use torture::history::{Event, Hook};

use crate::{fate, seen};

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
        hook("setup", "", false)
    }

    fn init(&self, name: &Name) -> Result<(), BoxError> {
        hook("init", name, false)
    }

    fn reset(&self, name: &Name, why: Reset<'_>) -> Result<(), BoxError> {
        hook("reset", name, matches!(why, Reset::Dirty(_)))
    }

    fn cleanup(&self, name: &Name) -> Result<(), BoxError> {
        hook("cleanup", name, false)
    }

    fn teardown(&self) -> Result<(), BoxError> {
        hook("teardown", "", false)
    }
}

fn hook(what: &str, name: &str, dirty: bool) -> Result<(), BoxError> {
    let hook = Hook {
        what: what.to_owned(),
        pool: "life".to_owned(),
        name: name.to_owned(),
        dirty,
    };
    seen::write(Event::HookBegins(hook.clone()));
    fate::at(match what {
        "init" => "init: half done",
        _ => "hook: half done",
    });
    fate::dawdle();
    seen::write(Event::HookDone(hook));
    Ok(())
}
