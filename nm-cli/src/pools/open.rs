use nm_runtime::Pool;

use crate::exit::{Failure, code};

pub fn open(pool: &str) -> Result<Pool, Failure> {
    Ok(Pool::open(pool)?)
}

/// Fails when the pool has no such name.
pub fn check_name(pool: &Pool, name: &str) -> Result<(), Failure> {
    match pool.has(name) {
        true => Ok(()),
        false => Err(Failure::new(
            code::UNKNOWN,
            format!(
                "pool `{pool}` has no name `{}`; `name-manager list {pool}` lists its names",
                name.escape_debug(),
                pool = pool.name(),
            ),
        )),
    }
}
