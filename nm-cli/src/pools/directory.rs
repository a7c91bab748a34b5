//! A pool that must be there, for commands about a name in it.

use std::error::Error;
use std::path::PathBuf;

use nm_runtime::inspect::{Found, Looker};

use crate::pools::chosen::chosen;
use crate::pools::open::open;

fn find(pool: &str) -> Result<Option<Found>, Box<dyn Error + Send + Sync>> {
    Ok(chosen(&[pool.to_owned()])?.pop())
}

/// The directory of a pool that was used before.
pub fn of(pool: &str) -> Result<PathBuf, Box<dyn Error + Send + Sync>> {
    let found = find(pool)?.map(|found| found.dir);
    match found {
        Some(dir) => Ok(dir),
        None => Ok(open(pool)?.directory()),
    }
}

/// Who holds a name, for people.
#[cfg_attr(
    not(unix),
    expect(dead_code, reason = "detached leases are on Unix alone")
)]
pub fn holder(pool: &str, name: &str) -> Result<Option<String>, Box<dyn Error + Send + Sync>> {
    let Some(found) = find(pool)? else {
        return Ok(None);
    };
    let view = Looker::new().look(&found)?;
    let Some(name) = view.names.into_iter().find(|view| view.name == name) else {
        return Ok(None);
    };
    let holders: Vec<_> = name
        .holders()
        .iter()
        .map(|tenure| format!("`{}` (pid {})", tenure.holder.test, tenure.holder.pid))
        .collect();
    Ok(match (name.held, holders.is_empty()) {
        (false, _) => None,
        (true, true) => Some("somebody".to_owned()),
        (true, false) => Some(holders.join(" and ")),
    })
}
