use crate::fuzz::events::events;
use crate::fuzz::screen;
use crate::views::stats::found::Stats;
use crate::views::stats::{json, report};

/// What a history comes to, and what other sizes would have made of it. The first
/// byte is a screen's width.
pub fn stats(bytes: &[u8]) {
    let Some((width, bytes)) = bytes.split_first() else {
        return;
    };
    for run in [Some("run".to_owned()), None] {
        let stats = Stats::of(events(bytes).into_iter().map(Ok), run).unwrap();
        screen::shown(usize::from(*width).max(1), |screen| {
            report::show(screen, &stats)
        });
        screen::json(&json::Stats::new(&stats));
    }
}
