//! How `release` and `keep-alive` reach the keepers of a name.

use std::error::Error;
use std::io;
use std::path::Path;

use nm_runtime::inspect::Found;

use crate::exit::{Failure, code};
use crate::keeper::control::{self, Ask, Order};
use crate::keeper::kept::{self, Kept};
use crate::pools;

/// The outcome of an order.
pub enum Answer {
    Done(String),
    Refused(Failure),
    /// The caller's lease had ended before: why.
    Lost(Failure),
    /// No keeper has the name.
    NoKeeper,
}

/// Asks the keepers of a name until one carries out the order: a shared name has several.
pub fn ask_keepers(found: &Found, order: &Order) -> Result<Answer, Box<dyn Error + Send + Sync>> {
    let dir = kept::directory(&found.dir);
    let failed = |error| {
        let what = format!(
            "failed to reach the keeper of `{}` in `{}`",
            order.name,
            dir.display()
        );
        Failure::new(code::FAILURE, what).because(error)
    };
    let mut answer = Answer::NoKeeper;
    let mut lost = None;
    for kept in Kept::of(&dir, &order.name).map_err(failed)? {
        // A keeper of several may have lost one of them.
        let reply = match kept.lost {
            Some(_) => None,
            None => control::ask(&dir, &kept, order).map_err(failed)?,
        };
        let kept = match reply {
            Some(reply) if reply.code == 0 => return Ok(Answer::Done(reply.message)),
            // It is the caller's, and what it asks for cannot be done.
            Some(reply) if reply.code != code::NOT_OWNER => {
                return Ok(Answer::Refused(Failure::new(reply.code, reply.message)));
            }
            Some(reply) => {
                answer = Answer::Refused(Failure::new(reply.code, reply.message));
                continue;
            }
            None => ended(&dir, kept).map_err(failed)?,
        };
        let shown = order.token.as_deref();
        lost = lost.or(kept.filter(|kept| kept.is_owned(shown, std::process::id())));
    }
    if let Some(lost) = lost {
        // It is told once: a name may be released twice.
        if order.ask == Ask::Release {
            lost.remove(&dir);
        }
        let why = lost.lost.as_deref().unwrap_or_default();
        let text = format!(
            "the lease of `{}` was lost: {why}; others may have used it since, so do not trust what was done with it",
            order.name
        );
        return Ok(Answer::Lost(Failure::new(code::LOST, text)));
    }
    if let Answer::NoKeeper = answer {
        pools::check_name(found, &order.name)?;
    }
    Ok(answer)
}

/// The lease of a keeper that does not answer, if it was not given back.
fn ended(dir: &Path, kept: Kept) -> io::Result<Option<Kept>> {
    let Some(kept) = kept.again(dir)? else {
        return Ok(None);
    };
    if kept.lost.is_some() {
        return Ok(Some(kept));
    }
    kept.remove_socket(dir);
    let why = format!("its keeper (pid {}) was killed", kept.pid);
    Ok(Some(kept.lose(dir, &why)))
}
