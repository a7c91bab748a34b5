//! The text of a block, the same in every form.

use nm_runtime::Access;
use nm_runtime::record::State;

use crate::events::spans::{Ending, Lease, Wait, WaitEnding};
use crate::screen::clock::duration;
use crate::views::timeline::chart::Chart;

pub fn lease(chart: &Chart, lease: &Lease) -> String {
    let mut lines = vec![
        lease.test.clone(),
        format!(
            "{} for {}, from {}",
            lease.name,
            duration(lease.end - lease.start),
            duration(lease.start - chart.start)
        ),
    ];
    if lease.waited > 0 {
        lines.push(format!("after waiting {}", duration(lease.waited)));
    }
    for hook in &lease.hooks {
        let failed = if hook.failed { ", failed" } else { "" };
        let took = duration(hook.end - hook.start);
        lines.push(format!("{} {took}{failed}", hook.kind));
    }
    if lease.access == Access::Shared {
        lines.push("shared".to_owned());
    }
    match lease.ending {
        Ending::Open => lines.push("still held at the end of the journal".to_owned()),
        Ending::Died => lines.push("ended without releasing it".to_owned()),
        Ending::Released(State::Clean) => {}
        Ending::Released(state) => lines.push(format!("released {}", state.as_str())),
    }
    lines.push(where_from(
        &lease.location,
        lease.pid,
        lease.host.as_deref(),
    ));
    lines.join("\n")
}

/// A lease of another run.
pub fn other(chart: &Chart, lease: &Lease) -> String {
    let (start, end) = chart.shown(lease);
    let more = match (start > lease.start, end < lease.end) {
        (false, false) => "",
        (true, false) => ", and before",
        (false, true) => ", and longer",
        (true, true) => ", before and longer",
    };
    format!(
        "{}\nof run {}\n{} for {}, from {}{more}\n{}",
        lease.test,
        lease.run,
        lease.name,
        duration(end - start),
        duration(start - chart.start),
        where_from(&lease.location, lease.pid, lease.host.as_deref()),
    )
}

pub fn wait(chart: &Chart, wait: &Wait) -> String {
    let ending = match wait.ending {
        WaitEnding::Granted => "",
        WaitEnding::Open => ", still waiting",
        WaitEnding::Timeout => ", until it timed out",
        WaitEnding::Deadlock => ", until it failed in a deadlock",
    };
    format!(
        "{}\nwaited {} for {} of {}, from {}{ending}\n{}",
        wait.test,
        duration(wait.end - wait.start),
        if wait.wanted.is_empty() {
            "a name"
        } else {
            &wait.wanted
        },
        wait.pool,
        duration(wait.start - chart.start),
        where_from(&wait.location, wait.pid, wait.host.as_deref()),
    )
}

fn where_from(location: &str, pid: u32, host: Option<&str>) -> String {
    let host = host.map_or(String::new(), |host| format!(" on {host}"));
    match location {
        "" => format!("pid {pid}{host}"),
        location => format!("{location}, pid {pid}{host}"),
    }
}

/// Round times over this length, about this many.
pub fn ticks(length: u64, about: u64) -> Vec<u64> {
    let rough = (length / about.max(1)).max(1);
    let mut step = 1;
    while step < rough {
        step = match leading_digit(step) {
            2 => step / 2 * 5,
            _ => step.saturating_mul(2),
        };
    }
    (0..=length / step).map(|tick| tick * step).collect()
}

fn leading_digit(mut number: u64) -> u64 {
    while number >= 10 {
        number /= 10;
    }
    number
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_few() {
        assert_eq!(ticks(1, 8), [0, 1]);
        assert_eq!(
            ticks(58_000_000, 8),
            [
                0, 10_000_000, 20_000_000, 30_000_000, 40_000_000, 50_000_000
            ]
        );
        for about in [1, 8] {
            assert!(ticks(u64::MAX, about).len() < 20);
        }
    }
}
