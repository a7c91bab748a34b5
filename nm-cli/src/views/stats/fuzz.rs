use super::*;
use crate::fuzz::{events, json, shown};

/// What a history comes to, and what other sizes would have made of it. The first
/// byte is a screen's width.
pub(crate) fn stats(bytes: &[u8]) {
    let Some((width, bytes)) = bytes.split_first() else {
        return;
    };
    for run in [Some("run".to_owned()), None] {
        let stats = Stats::of(events(bytes).into_iter().map(Ok), run).unwrap();
        shown(usize::from(*width).max(1), |screen| {
            report::show(screen, &stats)
        });
        json(&json::Stats::new(&stats));
    }
}
