use nm_runtime::Pool;
use nm_runtime::inspect::{self, Found, Known};

use crate::exit::{Failure, code};

pub fn open(pool: &str) -> Result<Pool, Failure> {
    Ok(Pool::open(pool)?)
}

/// Fails when the pool has no such name.
pub fn check_name(pool: &Found, name: &str) -> Result<(), Failure> {
    let known = inspect::knows(pool, name)?;
    let (pool, name) = (&pool.pool, name.escape_debug());
    let text = match known {
        Known::Yes => return Ok(()),
        Known::NotYet => format!(
            "pool `{pool}` has no name `{name}` yet: it is unbounded, and makes the next name when all are held; ask for any, or say with `max` how many it has"
        ),
        Known::No => format!(
            "pool `{pool}` has no name `{name}`; `name-manager list {pool}` lists its names"
        ),
    };
    Err(Failure::new(code::UNKNOWN, text))
}
