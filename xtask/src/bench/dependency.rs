//! What a dev-dependency costs its users.

use std::fs;

use crate::bench::cost::Cost;
use crate::bench::package::Package;
use crate::bench::peer::{self, DROP_IN, OURS, Peer, SERIAL_TEST};
use crate::bench::rounds::Bench;
use crate::bench::spread::{Spread, figure};
use crate::bench::table::Table;
use crate::result::Result;

const ROUNDS: usize = 5;

pub fn run(bench: &Bench) -> Result<Vec<Table>> {
    // None first; what the standard library has is no dependency.
    let is_one = |peer: &Peer| !peer.in_manifest().is_empty();
    let peers: Vec<_> = [None]
        .into_iter()
        .chain(peer::ALL.into_iter().filter(is_one).map(Some))
        .chain([Some(DROP_IN)])
        .collect();
    let mut packages = Vec::new();
    for peer in &peers {
        let name = format!("uses-{}", peer.map_or("nothing", |peer| peer.name));
        packages.push(Package::of_users(&name, peer.as_slice())?);
    }
    packages.push(Package::of_our_dependencies("uses-what-we-use")?);
    let mut costs = vec![Vec::new(); packages.len()];
    for round in 0..bench.rounds(ROUNDS) {
        for at in bench.in_turn(packages.len(), round) {
            let target = packages[at].target();
            if target.exists() {
                fs::remove_dir_all(target)?;
            }
            costs[at].push(Cost::of(packages[at].cargo().args(["test", "--no-run"]))?);
        }
    }
    let mut table = Table::new(
        "Clean build as a dev-dependency",
        "`cargo test --no-run` of an empty package with only this dependency, sources downloaded, \
         nothing built; seconds. CPU is user plus system time, of all processes.",
        &[
            "",
            "time",
            "rounds",
            "x serial_test",
            "CPU",
            "rounds",
            "x serial_test",
            "crates",
            "lines of Cargo.lock",
        ],
    );
    let wall = |costs: &[Cost]| Spread::new(costs.iter().map(|cost| cost.wall).collect());
    let cpu = |costs: &[Cost]| Spread::new(costs.iter().map(|cost| cost.cpu).collect());
    let of = |wanted: Peer| {
        &costs[peers
            .iter()
            .position(|peer| *peer == Some(wanted))
            .unwrap_or(0)]
    };
    let theirs = of(SERIAL_TEST);
    let titles = peers.iter().map(|peer| match peer {
        None => "no dependency (std)",
        Some(SERIAL_TEST) => "serial_test with `file_locks`",
        Some(peer) => peer.title,
    });
    let titles = titles.chain(["name-manager's dependencies alone"]);
    for ((title, package), costs) in titles.zip(&packages).zip(&costs) {
        table.row(vec![
            title.to_owned(),
            figure(wall(costs).median()),
            wall(costs).range(),
            figure(wall(costs).median() / wall(theirs).median()),
            figure(cpu(costs).median()),
            cpu(costs).range(),
            figure(cpu(costs).median() / cpu(theirs).median()),
            package.crates()?.to_string(),
            package.lock_lines()?.to_string(),
        ]);
    }
    for (what, spread) in [("time", &wall as &dyn Fn(&[Cost]) -> Spread), ("CPU", &cpu)] {
        for (of_whom, ours, goal) in [("", OURS, 1.25), (" of nm-serial-test", DROP_IN, 1.3)] {
            table.goal(
                &format!("clean build{of_whom} as a dev-dependency, {what}, x serial_test's"),
                spread(of(ours)).median() / spread(theirs).median(),
                goal,
            );
        }
    }
    Ok(vec![table])
}
