//! How `release` and `keep-alive` reach the keepers of a name.

use std::error::Error;

use crate::exit::{Failure, code};
use crate::keeper::control::{self, Order};
use crate::keeper::kept::{self, Kept};
use crate::pools;

/// The outcome of an order.
pub enum Answer {
    Done(String),
    Refused(Failure),
    /// Its keeper has ended, and the lease with it.
    Gone(Kept),
    /// No keeper has the name.
    NoKeeper,
}

/// Asks the keepers of a name until one carries out the order: a shared name has several.
pub fn ask_keepers(pool: &str, order: &Order) -> Result<Answer, Box<dyn Error + Send + Sync>> {
    let dir = kept::directory(&pools::one(pool)?.dir);
    let failed = |error| {
        let what = format!(
            "failed to reach the keeper of `{}` in `{}`",
            order.name,
            dir.display()
        );
        Failure::new(code::FAILURE, what).because(error)
    };
    let mut answer = Answer::NoKeeper;
    for kept in Kept::of(&dir, &order.name).map_err(failed)? {
        match control::ask(&dir, &kept, order).map_err(failed)? {
            Some(reply) if reply.code == 0 => return Ok(Answer::Done(reply.message)),
            Some(reply) => answer = Answer::Refused(Failure::new(reply.code, reply.message)),
            None => {
                kept.clear(&dir);
                if let Answer::NoKeeper = answer {
                    answer = Answer::Gone(kept);
                }
            }
        }
    }
    if let Answer::NoKeeper = answer {
        pools::check_name(&pools::open(pool)?, &order.name)?;
    }
    Ok(answer)
}
