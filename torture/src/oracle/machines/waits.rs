//! How long a name is free, and asked for, before it is granted.

use std::collections::{BTreeMap, BTreeSet};

use super::fault::Fault;
use super::figures::Figures;
use super::lease::Lease;
use super::scene::Scene;

pub(super) fn measure(scene: &Scene<'_>, figures: &mut Figures) {
    let leases = scene.leases();
    // Of several names the last one that came free counts.
    let mut of_request: BTreeMap<(&str, u64), (u64, u64, BTreeSet<&str>)> = BTreeMap::new();
    for leases in leases.values() {
        for (at, lease) in leases.iter().enumerate() {
            let before = leases[..at].iter().rev();
            let before = before.filter(|before| before.excludes(lease));
            let ends = before.map(|before| (free(scene, before, lease), before.on));
            let (free, of) = ends.max().unwrap_or((0, lease.on));
            let free = free.max(lease.request.asked.at);
            let key = (lease.request.process, lease.request.ask.r);
            let own = of_request.entry(key).or_default();
            own.0 = own.0.max(free);
            own.1 = lease.granted.at;
            own.2.extend([of, lease.on]);
        }
    }
    for (free, granted, machines) in of_request.into_values() {
        let concerns = |fault: &&Fault<'_>| match fault.is_of_server() {
            // After a restart nobody is granted anything for a lease.
            true => fault.was_between(free.saturating_sub(scene.lease), granted),
            false => machines.contains(fault.on) && fault.was_between(free, granted),
        };
        let faults = scene.faults.iter().filter(concerns);
        let kinds: Vec<_> = faults.map(|fault| fault.kind).collect();
        let wait = granted.saturating_sub(free);
        for kind in &kinds {
            let waits = figures.waits.entry((*kind).to_owned()).or_default();
            match kinds.len() {
                1 => waits.alone.add(1, wait),
                _ => waits.beside.add(1, wait),
            }
        }
        if kinds.is_empty() {
            let waits = figures.waits.entry("none".to_owned()).or_default();
            waits.alone.add(1, wait);
        }
    }
}

/// When the name of a lease was free for the next one: it was given back, its holder was
/// killed, or its machine fell silent.
fn free(scene: &Scene<'_>, lease: &Lease<'_>, next: &Lease<'_>) -> u64 {
    if next.granted.at < lease.until {
        let session = scene.session(lease.name, lease.fence, next.granted.at);
        let beat = session.and_then(|session| session.last_beat(next.granted.at));
        return beat.map_or(next.granted.at, |beat| beat.at);
    }
    let request = lease.request;
    let ends = [request.released, request.lost, request.error, lease.killed];
    let end = ends.into_iter().flatten().map(|line| line.at).min();
    end.unwrap_or(lease.until).min(next.granted.at)
}
