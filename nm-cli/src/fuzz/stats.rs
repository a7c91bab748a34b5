use crate::events::extent::Extent;
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
    for run in [Some("run"), Some("other"), None] {
        let extent = run.map(|run| Extent::find(events(bytes).into_iter().map(Ok), run).unwrap());
        let allocators = [("smtp".to_owned(), "a.rs:1".to_owned())].into();
        let mut count = Count::new(extent.clone(), allocators);
        let is_held = |lease: &spans::Lease| lease.pid == 1;
        let events = events(bytes).into_iter().map(Ok);
        spans::read(events, extent.as_ref(), is_held, |span| count.add(&span)).unwrap();
        let stats = count.stats();
        screen::shown(usize::from(*width).max(1), |screen| {
            report::show(screen, &stats)
        });
        screen::json(&json::Stats::new(&stats));
    }
}
