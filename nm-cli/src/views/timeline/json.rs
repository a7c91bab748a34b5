//! `timeline --json`, as `docs/json.md` describes it.

use nm_runtime::record::State;
use serde::Serialize;

use crate::events::spans::{Ending, Hook, Lease, Wait, WaitEnding};
use crate::views::timeline::chart::{Chart, Pool};

#[derive(Serialize)]
pub struct Timeline<'a> {
    version: u32,
    run: &'a str,
    start: u64,
    end: u64,
    left_out: usize,
    leases: Vec<LeaseJson<'a>>,
    others: Vec<OtherJson<'a>>,
    waits: Vec<WaitJson<'a>>,
}

#[derive(Serialize)]
struct LeaseJson<'a> {
    pool: &'a str,
    name: &'a str,
    id: &'a str,
    test: &'a str,
    pid: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<&'a str>,
    #[serde(rename = "where")]
    location: &'a str,
    access: &'static str,
    start: u64,
    end: u64,
    waited: u64,
    ending: &'static str,
    hooks: Vec<HookJson>,
}

/// A lease of another run.
#[derive(Serialize)]
struct OtherJson<'a> {
    run: &'a str,
    #[serde(flatten)]
    lease: LeaseJson<'a>,
}

#[derive(Serialize)]
struct HookJson {
    kind: &'static str,
    start: u64,
    end: u64,
    failed: bool,
}

#[derive(Serialize)]
struct WaitJson<'a> {
    pool: &'a str,
    id: &'a str,
    test: &'a str,
    pid: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<&'a str>,
    #[serde(rename = "where")]
    location: &'a str,
    wants: &'a str,
    start: u64,
    end: u64,
    ending: &'static str,
}

impl<'a> Timeline<'a> {
    pub fn new(chart: &'a Chart) -> Self {
        let leases = |pool: &'a Pool| {
            let rows = pool.lanes.iter().flat_map(|lane| &lane.rows);
            rows.flatten()
        };
        let leases = || chart.pools.iter().flat_map(leases);
        let own = leases().filter(|lease| !chart.is_other(lease));
        let others = leases().filter(|lease| chart.is_other(lease));
        let others = others.map(|other| OtherJson {
            run: &other.run,
            lease: lease(other),
        });
        let waits = |pool: &'a Pool| pool.waits.iter().flatten().map(wait);
        Self {
            version: 1,
            run: &chart.run,
            start: chart.start,
            end: chart.end,
            left_out: chart.left_out,
            leases: own.map(lease).collect(),
            others: others.collect(),
            waits: chart.pools.iter().flat_map(waits).collect(),
        }
    }
}

fn lease(lease: &Lease) -> LeaseJson<'_> {
    LeaseJson {
        pool: &lease.pool,
        name: &lease.name,
        id: &lease.request,
        test: &lease.test,
        pid: lease.pid,
        host: lease.host.as_deref(),
        location: &lease.location,
        access: lease.access.as_str(),
        start: lease.start,
        end: lease.end,
        waited: lease.waited,
        ending: match lease.ending {
            Ending::Open => "open",
            Ending::Died => "died",
            Ending::Released(state) => State::as_str(state),
        },
        hooks: lease.hooks.iter().map(hook).collect(),
    }
}

fn hook(hook: &Hook) -> HookJson {
    HookJson {
        kind: hook.kind.as_str(),
        start: hook.start,
        end: hook.end,
        failed: hook.failed,
    }
}

fn wait(wait: &Wait) -> WaitJson<'_> {
    WaitJson {
        pool: &wait.pool,
        id: &wait.request,
        test: &wait.test,
        pid: wait.pid,
        host: wait.host.as_deref(),
        location: &wait.location,
        wants: &wait.wanted,
        start: wait.start,
        end: wait.end,
        ending: match wait.ending {
            WaitEnding::Open => "open",
            WaitEnding::Granted => "granted",
            WaitEnding::Timeout => "timeout",
            WaitEnding::Deadlock => "deadlock",
        },
    }
}
