//! User code that the pool depends on, and this process does not contain.

use crate::backend::ask::Ask;
use crate::base::error::{Error, Result};
use crate::base::{caller, text};
use crate::terms::code::{Code, PoolCode};
use crate::terms::event::Event;
use crate::terms::record::{Record, Tenure};

/// Refuses a request of a process without the pool's hooks, to which names would be lent
/// that nothing has made ready, or without its allocator, which alone knows what is free.
pub(crate) fn refuse(ask: &Ask<'_>, code: &PoolCode) -> Result<()> {
    match (&code.resource, &code.allocator) {
        (Some(hooks), _) if !ask.has_hooks => Err(without_hooks(ask.pool, hooks)),
        (_, Some(allocator)) if !ask.has_allocator => Err(without_allocator(ask.pool, allocator)),
        _ => Ok(()),
    }
}

/// Refuses a name that hooks have made, to a process without them.
pub(crate) fn refuse_made(ask: &Ask<'_>, name: &str, record: &Record) -> Result<()> {
    if ask.has_hooks || record.life.is_none() {
        return Ok(());
    }
    let pool = ask.pool;
    Err(Error::config(format!(
        "`{name}` was initialised by hooks of pool `{pool}` that this program does not contain, so nothing would reset it; link the crate that has them, or run `name-manager reset {pool}` if there are none any more"
    )))
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
        _ if at.commands.is_some() => format!(
            "which are not configured here, so {why}; configure the same here, or give it a pool of its own"
        ),
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

/// The error of a process with hooks that finds out that its run has used the pool
/// without them.
pub(crate) fn was_missed(pool: &str, used: &Event, hooks: &Code) -> Error {
    let (holder, krate) = (&used.holder, &hooks.krate);
    let place = match holder.file.is_empty() {
        true => String::new(),
        false => format!(" ({}:{})", holder.file, holder.line),
    };
    let advice = match hooks.commands {
        Some(_) => "configure them before the run begins; from now on they are called".to_owned(),
        None => format!(
            "if `{krate}` is a library, link it there by writing `use {krate} as _;`, and otherwise move the hooks to one"
        ),
    };
    Error::config(format!(
        "`{}`{place} was lent `{}` in this run without the hooks of pool `{pool}`, at {}: nothing had initialised it; {advice}",
        holder.test,
        used.name.as_deref().unwrap_or_default(),
        hooks.place,
    ))
}

/// The error of an allocator that would decide beside a lease that it does not know.
pub(crate) fn held_without(
    pool: &str,
    name: &str,
    record: Option<&Record>,
    allocator: &Code,
) -> Error {
    let krate = &allocator.krate;
    let tenure = record.and_then(|record| record.holders.first());
    let holder = tenure.map_or(String::new(), |Tenure { holder, .. }| {
        let test = text::printable(&holder.test);
        format!(" by `{test}` ({})", holder.process())
    });
    Error::config(format!(
        "`{name}` is held{holder} without asking the allocator of pool `{pool}`, at {}, which cannot say what is free meanwhile; if `{krate}` is a library, link it there by writing `use {krate} as _;`, and otherwise move the allocator to one",
        allocator.place,
    ))
}
