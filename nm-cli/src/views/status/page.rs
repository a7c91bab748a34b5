use std::io;

use nm_runtime::inspect::View;

use crate::screen::{Screen, style};
use crate::views::status::{json, rows};

pub fn show(screen: &mut Screen, views: &[View], json: bool) -> io::Result<()> {
    if json {
        return screen.json(&json::Status::new(views));
    }
    if views.is_empty() {
        return screen.say("no pool has been used here yet", style::FAINT);
    }
    rows::show(screen, views)
}
