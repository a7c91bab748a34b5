use crate::events::spans;
use crate::fuzz::events::events;
use crate::fuzz::screen;
use crate::views::stats::count::Count;
use crate::views::stats::{json, report};

/// The statistics of a history, with other sizes. The first byte is a screen's width.
pub fn stats(bytes: &[u8]) {
    let Some((width, bytes)) = bytes.split_first() else {
        return;
    };
    for run in [Some("run".to_owned()), None] {
        let mut count = Count::new(run.clone());
        let events = events(bytes).into_iter().map(Ok);
        spans::read(events, run.as_deref(), |span| count.add(&span)).unwrap();
        let stats = count.stats();
        screen::shown(usize::from(*width).max(1), |screen| {
            report::show(screen, &stats)
        });
        screen::json(&json::Stats::new(&stats));
    }
}
