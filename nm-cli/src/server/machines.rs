//! The machines that a server knows, and their pools.

use std::time::Duration;

use nm_postgres::Machine;

use crate::exit::chain;
use crate::screen::finding::Findings;
use crate::screen::text::{self, count, escape};
use crate::server::answer::Answer;

pub fn look(findings: &mut Findings, server: &Answer, lease: Duration) {
    match server.to(server.connection().machines()) {
        Ok(machines) => {
            let (dead, alive): (Vec<_>, Vec<_>) = machines.iter().partition(|it| it.dead);
            for machine in &alive {
                one(findings, machine, lease);
            }
            if alive.is_empty() {
                findings.note("machine", "none uses pools of this server now");
            }
            if !dead.is_empty() {
                let text = format!(
                    "the server still knows {} as declared dead",
                    count(dead.len() as u64, "agent")
                );
                findings.note("machine", text);
            }
        }
        Err(failure) => findings.problem("machine", chain(&failure), "see `tables`"),
    }
    match server.to(server.connection().pools()) {
        Ok(pools) => {
            for (space, pool) in &pools {
                pool_of(findings, server, space, pool);
            }
            if pools.is_empty() {
                findings.note("pool", "none has been used yet");
            }
        }
        Err(failure) => findings.problem("pool", chain(&failure), "see `tables`"),
    }
}

fn one(findings: &mut Findings, machine: &Machine, lease: Duration) {
    const TOPIC: &str = "machine";
    let host = escape(&machine.host);
    let silent = Duration::from_secs(machine.silent.as_secs());
    let text = format!(
        "`{host}` was heard of {} ago",
        humantime::format_duration(silent)
    );
    match machine.silent > lease {
        false => findings.ok(TOPIC, text),
        true => findings.note(
            TOPIC,
            format!(
                "{text}: if it holds names, whoever wants them has them {} later",
                humantime::format_duration(lease)
            ),
        ),
    }
}

fn pool_of(findings: &mut Findings, server: &Answer, space: &str, pool: &str) {
    const TOPIC: &str = "pool";
    match server.to(server.connection().use_of(space, pool)) {
        Ok((leases, waits)) => {
            let (space, pool) = (escape(space), escape(pool));
            let leases = text::count(leases as u64, "lease");
            findings.ok(
                TOPIC,
                format!("`{pool}` of `{space}` has {leases}, and {waits} waiting"),
            );
        }
        Err(failure) => findings.problem(TOPIC, chain(&failure), "its tests fail until then"),
    }
}
