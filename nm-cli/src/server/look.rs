//! What can be found out about a server, one line for each fact.

use std::time::Duration;

use nm_postgres::{Address, Facts};

use crate::exit::{Failure, chain};
use crate::screen::finding::Findings;
use crate::screen::text;
use crate::server::answer::Answer;
use crate::server::machines;

const NOTHING_WORKS: &str = "no pool with `scope = \"server\"` can be used by this machine";

/// The share of its connections from which a server is nearly full.
const NEARLY: f64 = 0.8;

pub fn look(findings: &mut Findings, address: Address) {
    const SERVER: &str = "server";
    encryption(findings, &address);
    let shown = address.to_string();
    let port = address.port();
    let server = match Answer::from(address) {
        Ok(server) => server,
        Err(failure) => return findings.problem(SERVER, chain(&failure), NOTHING_WORKS),
    };
    let facts = match server.to(server.connection().facts()) {
        Ok(facts) => facts,
        Err(failure) => return findings.problem(SERVER, chain(&failure), NOTHING_WORKS),
    };
    findings.ok(SERVER, format!("{shown} answers"));
    findings.ok("version", format!("PostgreSQL {}", facts.version));
    role(findings, &facts);
    between(findings, &facts, port);
    connections(findings, &facts);
    if facts.is_standby {
        return;
    }
    match tables(findings, &server) {
        Ok(lease) => {
            durability(findings, &facts, lease);
            lends(findings, &server, lease);
            machines::look(findings, &server, lease);
        }
        Err(failure) => findings.problem("tables", chain(&failure), NOTHING_WORKS),
    }
}

fn encryption(findings: &mut Findings, address: &Address) {
    const TOPIC: &str = "encryption";
    match (address.is_encrypted(), address.is_on_this_machine()) {
        (true, _) => findings.ok(
            TOPIC,
            "the connection is encrypted, and the server's certificate and name are checked",
        ),
        (false, true) => findings.ok(
            TOPIC,
            "the connection is plain text, which stays on this machine",
        ),
        (false, false) => findings.warning(
            TOPIC,
            "the connection is plain text: whoever is between can read and change what is said",
            "leave out `sslmode=disable`, which the address has",
        ),
    }
}

fn role(findings: &mut Findings, facts: &Facts) {
    match facts.is_standby {
        false => findings.ok("role", "it is a primary: it takes changes"),
        true => findings.problem(
            "role",
            "it is a standby: it takes no changes",
            "name the primary in the address",
        ),
    }
}

/// What is between this machine and the server, as far as ports tell.
fn between(findings: &mut Findings, facts: &Facts, port: u16) {
    if let Some(own) = facts.port.filter(|own| *own != port) {
        findings.note(
            "pooler",
            format!(
                "port {port} was asked, and a process on port {own} answers: a pooler, a proxy or a container's port is between, which is no obstacle"
            ),
        );
    }
}

fn connections(findings: &mut Findings, facts: &Facts) {
    const TOPIC: &str = "connections";
    let (used, most) = (facts.connections, facts.most_connections);
    let mut text = format!("{used} of {most} are in use; each machine takes two");
    if let Some(limit) = facts.limit {
        text.push_str(&format!(
            "; this user or database may have at most {limit} at once"
        ));
    }
    let few = facts.limit.is_some_and(|limit| limit < 2);
    match few || f64::from(used) > NEARLY * f64::from(most) {
        true => findings.warning(
            TOPIC,
            text,
            "a machine that gets none can use no pool of the server, and one that loses its own loses its names; raise the limit, or end others",
        ),
        false => findings.ok(TOPIC, text),
    }
}

fn tables(findings: &mut Findings, server: &Answer) -> Result<Duration, Failure> {
    server.to(server.connection().check_tables())?;
    let lease = server.to(server.connection().lease())?;
    let lease_text = humantime::format_duration(lease);
    findings.ok(
        "tables",
        format!(
            "they have version 1, and this user may use them; a machine that is silent for {lease_text} loses its names"
        ),
    );
    Ok(lease)
}

fn durability(findings: &mut Findings, facts: &Facts, lease: Duration) {
    const TOPIC: &str = "durability";
    let lease = humantime::format_duration(lease);
    if !facts.syncs {
        return findings.warning(
            TOPIC,
            "the server does not write to its disk what it acknowledges (`fsync` is off)",
            "after a crash it may have forgotten who holds what; turn `fsync` on",
        );
    }
    let followers = text::count(facts.followers.into(), "server");
    match (facts.followers, facts.waits_for.is_empty()) {
        (0, _) => findings.ok(TOPIC, "an acknowledged change is on the server's disk"),
        (_, false) => findings.ok(
            TOPIC,
            format!(
                "an acknowledged change is also on others: `synchronous_standby_names` is `{}`",
                facts.waits_for
            ),
        ),
        (_, true) => findings.note(
            TOPIC,
            format!(
                "{followers} may follow later: if one takes over, it may lack the last changes, so for {lease} no name is lent while all machines say again what they hold"
            ),
        ),
    }
}

fn lends(findings: &mut Findings, server: &Answer, lease: Duration) {
    const TOPIC: &str = "names";
    let lease = humantime::format_duration(lease);
    match server.to(server.connection().lends()) {
        Ok(true) => findings.ok(TOPIC, "are lent"),
        Ok(false) => findings.note(
            TOPIC,
            format!(
                "are not lent: the server has started anew, and some machine has to see it for {lease} first, while all say again what they hold"
            ),
        ),
        Err(failure) => findings.problem(TOPIC, chain(&failure), NOTHING_WORKS),
    }
}
