//! The pools that a view is about.

use std::error::Error;

use nm_runtime::inspect::{self, Found};

use crate::exit::{Failure, code};

/// These pools, or all: those that are configured count, too, though nobody has used them.
pub fn known(names: &[String]) -> Result<Vec<Found>, Box<dyn Error + Send + Sync>> {
    if !names.is_empty() {
        return chosen(names);
    }
    let mut pools = inspect::pools()?;
    pools.extend(inspect::unused()?);
    pools.sort_by(|one, other| one.pool.cmp(&other.pool));
    Ok(pools)
}

/// These pools, or all that have been used.
pub fn chosen(names: &[String]) -> Result<Vec<Found>, Box<dyn Error + Send + Sync>> {
    let pools = inspect::pools()?;
    if names.is_empty() {
        return Ok(pools);
    }
    let mut names: Vec<_> = names.iter().collect();
    names.sort();
    names.dedup();
    let found = names.into_iter().map(|name| named(name, &pools));
    found.collect()
}

/// This pool, which must have been used before, or be configured.
pub fn one(name: &str) -> Result<Found, Box<dyn Error + Send + Sync>> {
    named(name, &inspect::pools()?)
}

fn named(name: &str, used: &[Found]) -> Result<Found, Box<dyn Error + Send + Sync>> {
    if let Some(found) = used.iter().find(|found| found.pool == name) {
        return Ok(found.clone());
    }
    match inspect::configured(name)? {
        Some(found) => Ok(found),
        None => Err(unknown(name, used)?.into()),
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
