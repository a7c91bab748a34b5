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
        if !pools.iter().any(|found| found.pool == *name) {
            return Err(unknown(name, &pools)?.into());
        }
    }
    pools.retain(|found| names.contains(&found.pool));
    Ok(pools)
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
    let place = inspect::place()?;
    Ok(Failure::new(
        code::UNKNOWN,
        format!(
            "no pool `{name}` in `{}` ({known}); `name-manager doctor` says why it is looked for there",
            place.dir.display()
        ),
    ))
}
