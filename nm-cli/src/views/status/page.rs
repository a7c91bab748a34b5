use std::error::Error;

use nm_runtime::inspect::{Looker, View};

use crate::pools;
use crate::screen::{Screen, style};
use crate::views::status::{json, rows};

pub fn look(pools: &[String]) -> Result<Vec<View>, Box<dyn Error + Send + Sync>> {
    let found = pools::chosen(pools)?;
    let looker = Looker::new();
    let mut views = Vec::with_capacity(found.len());
    for pool in &found {
        views.push(looker.look(pool)?);
    }
    Ok(views)
}

pub fn show(screen: &mut Screen, views: &[View], json: bool) -> std::io::Result<()> {
    if json {
        return screen.json(&json::Status::new(views));
    }
    if views.is_empty() {
        return screen.say("no pool has been used here yet", style::FAINT);
    }
    rows::show(screen, views)
}
