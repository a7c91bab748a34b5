use std::error::Error;

use nm_runtime::Holder;
use nm_runtime::inspect::{self, Found, Inspector, View};

use crate::exit::chain;
use crate::pools::chosen;
use crate::screen::stderr;

/// How these pools are now, or all if none is given.
pub fn views(pools: &[String]) -> Result<Vec<View>, Box<dyn Error + Send + Sync>> {
    let inspector = Inspector::new();
    let mut views = Vec::new();
    for found in chosen::known(pools)? {
        match inspector.look(&found) {
            Ok(view) => views.push(view),
            // Those of this machine can be shown without a server.
            Err(error) if found.is_on_server && pools.is_empty() => stderr::warn(&chain(&error)),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(views)
}

/// `pid 7`, and how that process is if that matters.
pub fn pid(holder: &Holder) -> String {
    match inspect::process(holder).note() {
        Some(note) => format!("{}, {note}", holder.process()),
        None => holder.process(),
    }
}

/// The holders of a name, for people; `None` if it is free.
pub fn holder(pool: &Found, name: &str) -> Result<Option<String>, Box<dyn Error + Send + Sync>> {
    let view = Inspector::new().look(pool)?;
    let Some(name) = view.names.into_iter().find(|view| view.name == name) else {
        return Ok(None);
    };
    let holders: Vec<_> = name
        .holders
        .iter()
        .map(|tenure| format!("`{}` ({})", tenure.holder.test, pid(&tenure.holder)))
        .collect();
    Ok(match (name.held, holders.is_empty()) {
        (false, _) => None,
        (true, true) => Some("another process".to_owned()),
        (true, false) => Some(holders.join(" and ")),
    })
}
