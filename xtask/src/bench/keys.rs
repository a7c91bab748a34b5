//! Tests that do nothing but take a key, of serial_test and of the package that takes its place.

use std::path::PathBuf;
use std::process::Command;

use crate::bench::annotated;
use crate::bench::cost::Cost;
use crate::bench::package::Package;
use crate::bench::peer::{DROP_IN, Peer, SERIAL_TEST};
use crate::bench::rounds::Bench;
use crate::bench::spread::{Spread, figure};
use crate::bench::table::Table;
use crate::result::Result;

const ROUNDS: usize = 101;
const TESTS: usize = 500;

const ALL: [(&str, Option<Peer>); 3] = [
    ("without an attribute", None),
    ("serial_test", Some(SERIAL_TEST)),
    ("**nm-serial-test**", Some(DROP_IN)),
];
const THEIRS: usize = 1;
const OURS: usize = 2;

/// In how many threads the tests run.
const THREADS: [(&str, Option<&str>); 2] = [
    ("one thread", Some("--test-threads=1")),
    ("as many threads as processors", None),
];

pub fn run(bench: &Bench) -> Result<Vec<Table>> {
    let mut binaries = Vec::new();
    for (_, peer) in ALL {
        binaries.push(binary(peer)?);
    }
    let state = tempfile::tempdir()?;
    let mut times = vec![vec![Vec::new(); ALL.len()]; THREADS.len()];
    for round in 0..bench.rounds(ROUNDS) {
        for at in bench.in_turn(ALL.len(), round) {
            for ((_, threads), times) in THREADS.iter().zip(&mut times) {
                let mut command = Command::new(&binaries[at]);
                command.arg("--quiet").args(*threads);
                command.env("NAME_MANAGER_DIR", state.path());
                times[at].push(Cost::of(&mut command)?.wall * 1e3);
            }
        }
    }
    let mut table = Table::new(
        &format!("{TESTS} empty tests with a key"),
        "A test binary as `cargo test` builds it, from start to end, in ms: each test has \
         `#[serial]` and does nothing.",
        &["", "threads", "median", "rounds", "x serial_test"],
    );
    for ((threads, _), times) in THREADS.iter().zip(&times) {
        let median = |at: usize| Spread::new(times[at].clone()).median();
        for (at, (title, _)) in ALL.iter().enumerate() {
            table.row(vec![
                (*title).to_owned(),
                (*threads).to_owned(),
                figure(median(at)),
                Spread::new(times[at].clone()).range(),
                figure(median(at) / median(THEIRS)),
            ]);
        }
        table.goal(
            &format!("{TESTS} empty tests with a key, {threads}, x serial_test's"),
            median(OURS) / median(THEIRS),
            1.0,
        );
    }
    Ok(vec![table])
}

fn binary(peer: Option<Peer>) -> Result<PathBuf> {
    let name = format!("keys-of-{}", peer.map_or("none", |peer| peer.name));
    let package = Package::of_users(&name, peer.as_slice())?;
    let attribute = peer.map_or("", |_| "#[serial_test::serial]\n");
    let test = |test| format!("{attribute}#[test]\nfn test_{test}() {{}}\n");
    let tests: String = (0..TESTS).map(test).collect();
    package.write("tests/keys.rs", &tests)?;
    let built = annotated::build(&package)?;
    Ok(built.get("keys").ok_or("no test binary")?.clone())
}
