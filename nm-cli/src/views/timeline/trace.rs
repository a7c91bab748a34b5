//! The timeline in the Trace Event Format, which trace viewers read: a process a
//! pool, a thread a lane.

use serde_json::{Value, json};

use crate::events::spans::{Lease, Wait};
use crate::views::timeline::chart::Chart;

pub fn file(chart: &Chart) -> String {
    let mut events = Vec::new();
    for (pool_at, pool) in chart.pools.iter().enumerate() {
        let pid = pool_at + 1;
        events.push(name_of("process_name", pid, 0, &pool.name));
        let mut tid = 0;
        for lane in &pool.lanes {
            for row in &lane.rows {
                tid += 1;
                events.push(name_of("thread_name", pid, tid, &lane.name));
                for block in row {
                    lease(&mut events, chart, block, pid, tid);
                }
            }
        }
        for row in &pool.waits {
            tid += 1;
            events.push(name_of("thread_name", pid, tid, "waiting"));
            events.extend(row.iter().map(|block| wait(chart, block, pid, tid)));
        }
    }
    let file = json!({
        "traceEvents": events,
        "displayTimeUnit": "ms",
        "otherData": {"run": chart.run, "start": chart.start},
    });
    file.to_string() + "\n"
}

fn name_of(what: &str, pid: usize, tid: usize, name: &str) -> Value {
    json!({"ph": "M", "name": what, "pid": pid, "tid": tid, "args": {"name": name}})
}

fn lease(events: &mut Vec<Value>, chart: &Chart, lease: &Lease, pid: usize, tid: usize) {
    if chart.is_other(lease) {
        let (start, end) = chart.shown(lease);
        return events.push(json!({
            "ph": "X", "cat": "other run", "name": lease.test, "pid": pid, "tid": tid,
            "ts": start - chart.start, "dur": end - start,
            "args": {
                "name": lease.name, "run": lease.run, "where": lease.location,
                "pid": lease.pid, "access": lease.access.as_str(),
            },
        }));
    }
    events.push(json!({
        "ph": "X", "cat": "lease", "name": lease.test, "pid": pid, "tid": tid,
        "ts": lease.start - chart.start, "dur": lease.end - lease.start,
        "args": {
            "name": lease.name, "waited": lease.waited, "where": lease.location,
            "pid": lease.pid, "access": lease.access.as_str(),
        },
    }));
    events.extend(lease.hooks.iter().map(|hook| {
        json!({
            "ph": "X", "cat": "hook", "name": hook.kind.as_str(), "pid": pid, "tid": tid,
            "ts": hook.start - chart.start, "dur": hook.end - hook.start,
            "args": {"failed": hook.failed},
        })
    }));
}

fn wait(chart: &Chart, wait: &Wait, pid: usize, tid: usize) -> Value {
    json!({
        "ph": "X", "cat": "wait", "name": wait.test, "pid": pid, "tid": tid,
        "ts": wait.start - chart.start, "dur": wait.end - wait.start,
        "args": {"wants": wait.wanted, "where": wait.location, "pid": wait.pid},
    })
}
