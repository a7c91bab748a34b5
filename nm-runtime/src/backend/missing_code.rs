//! User code that the pool depends on, and this process does not contain.

use crate::backend::Backend;
use crate::backend::ask::Ask;
use crate::base::caller;
use crate::base::error::{Error, Result};
use crate::terms::code::Code;
use crate::terms::event::Event;

/// Refuses a request of a process without the hooks of the pool, to which it would lend
/// names that nobody made ready, or without its allocator, which alone knows what is
/// free.
pub(crate) fn refuse(backend: &dyn Backend, ask: &Ask<'_>) -> Result<()> {
    if ask.has_hooks() && ask.decide.is_some() {
        return Ok(());
    }
    let code = backend.code()?;
    match (code.resource, code.allocator) {
        (Some(hooks), _) if !ask.has_hooks() => Err(without_hooks(ask.pool, &hooks)),
        (_, Some(allocator)) if ask.decide.is_none() => {
            Err(without_allocator(ask.pool, &allocator))
        }
        _ => Ok(()),
    }
}

fn without_hooks(pool: &str, hooks: &Code) -> Error {
    let what = format!("pool `{pool}` has hooks, at {}", hooks.place);
    let why = "its names would be neither initialised nor reset";
    error(pool, &what, "hooks", why, hooks)
}

fn without_allocator(pool: &str, allocator: &Code) -> Error {
    let what = format!("pool `{pool}` has an allocator, at {}", allocator.place);
    let why = "nobody could say what is free";
    error(pool, &what, "allocator", why, allocator)
}

fn error(pool: &str, what: &str, code: &str, why: &str, at: &Code) -> Error {
    let krate = &at.krate;
    let advice = match caller::get() {
        Some(_) => format!(
            "which a command cannot call, so {why}; start the command from a test that acquires the name, or give it a pool of its own"
        ),
        None => format!(
            "which this program does not contain, so {why}; if `{krate}` is a library, link it by writing `use {krate} as _;` in this test, and otherwise move the {code} to one"
        ),
    };
    Error::config(format!(
        "{what}, {advice}; if the pool has no {code} any more, run `name-manager reset {pool}`"
    ))
}

/// The error of a name that hooks have made, of which no more is known.
pub(crate) fn made_by_others(pool: &str, name: &str) -> Error {
    Error::config(format!(
        "`{name}` was initialised by hooks of pool `{pool}` that this program does not contain, so nothing would reset it; link the crate that has them, or run `name-manager reset {pool}` if there are none any more"
    ))
}

/// The error of a process with hooks that finds out that its run has used the pool
/// without them.
pub(crate) fn was_missed(pool: &str, used: &Event, hooks: &Code) -> Error {
    let (holder, krate) = (&used.holder, &hooks.krate);
    let place = match holder.file.is_empty() {
        true => String::new(),
        false => format!(" ({}:{})", holder.file, holder.line),
    };
    Error::config(format!(
        "`{}`{place} was lent `{}` in this run without the hooks of pool `{pool}`, at {}: nothing had initialised it; if `{krate}` is a library, link it there by writing `use {krate} as _;`, and otherwise move the hooks to one",
        holder.test,
        used.name.as_deref().unwrap_or_default(),
        hooks.place,
    ))
}

/// The error of an allocator that would decide beside a lease that it does not know.
pub(crate) fn held_without(pool: &str, held: &str, allocator: &Code) -> Error {
    let krate = &allocator.krate;
    Error::config(format!(
        "{held} without asking the allocator of pool `{pool}`, at {}, which cannot say what is free meanwhile; if `{krate}` is a library, link it there by writing `use {krate} as _;`, and otherwise move the allocator to one",
        allocator.place,
    ))
}
