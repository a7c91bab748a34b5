//! What a journal must never say.

use std::collections::BTreeMap;

use name_manager::Access;
use nm_runtime::journal::{Event, Kind};

#[derive(Default)]
struct Held<'a> {
    shared: bool,
    /// The id of each request, and its thread's token.
    holders: Vec<(&'a str, &'a str)>,
}

/// Checks that no name was held twice, that fences grew, and that at most `max` were held at once;
/// gives how many were at most.
///
/// # Panics
///
/// When the journal says otherwise.
#[track_caller]
pub fn check(events: &[Event], max: usize) -> usize {
    let mut held: BTreeMap<&str, Held<'_>> = BTreeMap::new();
    let mut fences: BTreeMap<&str, u64> = BTreeMap::new();
    let mut most = 0;
    for event in events {
        let Some(name) = event.name.as_deref() else {
            continue;
        };
        let who = (event.id.as_str(), event.holder.token.as_str());
        match event.kind {
            Kind::Acquired => {
                let shared = event.access == Some(Access::Shared);
                let held_now = held.entry(name).or_default();
                let holders = &mut held_now.holders;
                assert!(
                    holders.is_empty() || (shared && held_now.shared),
                    "{name} lent to {who:?} while held by {holders:?}"
                );
                held_now.shared = shared;
                holders.push(who);
                let fence = event.fence.expect("a lease has a fence");
                let before = fences.insert(name, fence).unwrap_or_default();
                assert!(
                    fence > before || (shared && fence == before),
                    "fence {fence} of {name} after {before}"
                );
                let now = held.values().filter(|held| !held.holders.is_empty());
                most = most.max(now.count());
            }
            Kind::Released | Kind::Lost => {
                let holders = &mut held.get_mut(name).expect("released what was lent").holders;
                let at = holders.iter().position(|holder| *holder == who);
                holders.remove(at.expect("released by its holder"));
            }
            // Told by the next holder, about the one before.
            Kind::Died => {
                if let Some(held) = held.get_mut(name) {
                    held.holders
                        .retain(|(_, token)| *token != event.holder.token);
                }
            }
            _ => {}
        }
    }
    assert!(most <= max, "{most} names held at once, of {max}");
    most
}
