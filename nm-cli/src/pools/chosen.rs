//! The pools that a view is about.

use std::error::Error;

use nm_runtime::inspect::{self, Found};

use crate::exit::{Failure, code};

/// These pools, or all.
pub fn chosen(names: &[String]) -> Result<Vec<Found>, Box<dyn Error + Send + Sync>> {
    let mut pools = inspect::pools()?;
    if names.is_empty() {
        return Ok(pools);
    }
    for name in names {
        position(name, &pools)?;
    }
    pools.retain(|found| names.contains(&found.pool));
    Ok(pools)
}

/// This pool, which must have been used before.
pub fn one(name: &str) -> Result<Found, Box<dyn Error + Send + Sync>> {
    let mut pools = inspect::pools()?;
    let at = position(name, &pools)?;
    Ok(pools.swap_remove(at))
}

fn position(name: &str, pools: &[Found]) -> Result<usize, Box<dyn Error + Send + Sync>> {
    match pools.iter().position(|found| found.pool == name) {
        Some(at) => Ok(at),
        None => Err(unknown(name, pools)?.into()),
    }
}

fn unknown(name: &str, pools: &[Found]) -> Result<Failure, nm_runtime::Error> {
    let known: Vec<_> = pools
        .iter()
        .map(|found| format!("`{}`", found.pool))
        .collect();
    let known = match known.len() {
        0 => "there is none yet".to_owned(),
        1..=10 => format!("known: {}", known.join(", ")),
        count => format!("known: {} and {} more", known[..10].join(", "), count - 10),
    };
    inspect::check_pool(name)?;
    let place = inspect::place()?;
    Ok(Failure::new(
        code::UNKNOWN,
        format!(
            "no pool `{name}` in `{}` ({known}); `name-manager doctor` explains why this directory is used",
            place.dir.display()
        ),
    ))
}
