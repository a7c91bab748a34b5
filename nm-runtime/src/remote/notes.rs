//! The texts that are kept beside the names of a pool, each replaced by whoever knows what it
//! was: the pool's life, the sizes that attributes have said, what reapers have left.

use std::sync::Arc;

use crate::base::error::Result;
use crate::base::json;
use crate::remote::link::{Link, Where};
use crate::remote::request::{answer, reach, unexpected};
use crate::remote::token::Token;
use crate::remote::wire::{Answer, Note, Pair, variant};
use crate::terms::declaration::Declaration;
use crate::terms::run_note::RunNote;

/// The pool's life.
pub(crate) const LIFE: &str = "life";
/// What attributes say about the pool's size, one line per run.
const SIZES: &str = "sizes";
/// What is known of clean-ups.
const RUNS: &str = "runs";

/// At least this many concurrent runs are told apart.
const LATEST: usize = 16;

pub(crate) fn read(link: &Arc<Link>, at: &Where, key: &str) -> Result<Option<String>> {
    match answer(link, at, variant("noted", &key))? {
        Answer::Note(text) => Ok(text),
        other => Err(unexpected(&other)),
    }
}

/// What came of a change.
pub(crate) enum Written {
    Done,
    /// It is this by now.
    Is(Option<String>),
    /// The lock is not held any more.
    Gone,
}

/// Asks for a change of a text, if it is still what it `was`.
pub(crate) fn change_of(
    key: &str,
    was: Option<&str>,
    value: Option<&str>,
    holding: Option<(Token, &str)>,
) -> String {
    let note = Note {
        key,
        was,
        value,
        holding: holding.map(|(token, lock)| Pair(token, lock)),
    };
    variant("note", &note)
}

pub(crate) fn write(
    link: &Arc<Link>,
    at: &Where,
    key: &str,
    was: Option<&str>,
    value: Option<&str>,
    holding: Option<(Token, &str)>,
) -> Result<Written> {
    match answer(link, at, change_of(key, was, value, holding))? {
        Answer::Done => Ok(Written::Done),
        Answer::Note(is) => Ok(Written::Is(is)),
        Answer::Gone => Ok(Written::Gone),
        other => Err(unexpected(&other)),
    }
}

/// Changes a text until nobody else has at the same time; `None` leaves it as it is.
fn change<T>(
    link: &Arc<Link>,
    at: &Where,
    key: &str,
    mut by: impl FnMut(&str) -> (Option<String>, T),
) -> Result<T> {
    let mut was = read(link, at, key)?;
    loop {
        let (value, done) = by(was.as_deref().unwrap_or_default());
        let Some(value) = value else {
            return Ok(done);
        };
        let value = (!value.is_empty()).then_some(value);
        match write(link, at, key, was.as_deref(), value.as_deref(), None)? {
            Written::Is(is) if is != was => was = is,
            _ => return Ok(done),
        }
    }
}

/// What the first binary of this run said. If there was none, `ours` becomes it, and the
/// answer is `None`.
pub(crate) fn declare(
    link: &Arc<Link>,
    at: &Where,
    run: &str,
    ours: Option<&Declaration>,
) -> Result<Option<Declaration>> {
    reach(link, at)?;
    let configured = ours.is_some_and(Declaration::is_configured);
    change(link, at, SIZES, |text| {
        let theirs = Declaration::find(text, run, configured);
        let Some(ours) = ours.filter(|_| theirs.is_none()) else {
            return (None, theirs);
        };
        let lines: Vec<_> = text.lines().collect();
        let mut kept = lines[lines.len().saturating_sub(LATEST - 1)..].to_vec();
        let ours = json::to_string(ours);
        kept.push(&ours);
        (Some(kept.join("\n")), None)
    })
}

/// What runs said of the pool's size, the oldest first.
pub(crate) fn declarations(link: &Arc<Link>, at: &Where) -> Result<Vec<Declaration>> {
    let text = read(link, at, SIZES)?.unwrap_or_default();
    Ok(Declaration::all(&text).collect())
}

/// What is known of clean-ups of this pool.
#[cfg(feature = "tools")]
pub(crate) fn all_runs(link: &Arc<Link>, at: &Where) -> Result<Vec<RunNote>> {
    Ok(runs(&read(link, at, RUNS)?.unwrap_or_default()))
}

/// What is known of clean-ups that go on, or have left something.
pub(crate) fn runs(text: &str) -> Vec<RunNote> {
    json::from_slice(text.as_bytes()).unwrap_or_default()
}

/// Stores what is known of the clean-up after a run, or forgets it.
pub(crate) fn note_run(
    link: &Arc<Link>,
    at: &Where,
    run: &str,
    note: Option<&RunNote>,
) -> Result<()> {
    change(link, at, RUNS, |text| {
        let mut all = runs(text);
        all.retain(|known| known.run != run);
        all.extend(note.cloned());
        // The latest: what older ones have left, later runs have tried to clean up.
        let surplus = all.len().saturating_sub(LATEST);
        all.drain(..surplus);
        let value = match all.is_empty() {
            true => String::new(),
            false => json::to_string(&all),
        };
        (Some(value), ())
    })
}
