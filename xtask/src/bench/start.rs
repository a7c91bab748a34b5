//! What a test binary costs before and beside the tests that use a pool.

use std::path::PathBuf;
use std::process::Command;

use crate::bench::annotated::{self, BARE, SIZES};
use crate::bench::cost::Cost;
use crate::bench::rounds::Bench;
use crate::bench::spread::{Spread, figure};
use crate::bench::table::Table;
use crate::bench::worker::with_state;
use crate::result::Result;

const ROUNDS: usize = 150;

pub fn run(bench: &Bench) -> Result<Vec<Table>> {
    let mut packages = Vec::new();
    for annotation in &annotated::ALL {
        packages.push(annotated::build(&annotation.package()?)?);
    }
    // The binaries of each annotation, by size.
    let mut binaries: Vec<Vec<PathBuf>> = Vec::new();
    for package in &packages {
        let found = |name: String| {
            package
                .get(&name)
                .cloned()
                .ok_or_else(|| format!("no {name}"))
        };
        let names = SIZES.map(|size| format!("tests_{size}"));
        let paths = names.map(found).into_iter();
        binaries.push(paths.collect::<std::result::Result<_, _>>()?);
    }
    let none = packages[BARE]
        .get("none")
        .ok_or("no test binary without tests")?;

    let count = SIZES.len();
    let mut empty = Vec::new();
    let mut free = vec![vec![Vec::new(); count]; binaries.len()];
    let mut lent = vec![Vec::new(); binaries.len()];
    let state = tempfile::tempdir()?;
    let time = |program: &PathBuf, test: &str| -> Result<f64> {
        let mut command = Command::new(program);
        command.args(["--exact", test, "--test-threads=1"]);
        // As under nextest, all are of one run.
        command.env("NEXTEST", "1").env("NEXTEST_RUN_ID", "bench");
        with_state(&mut command, state.path(), 2);
        Ok(Cost::of(&mut command)?.wall * 1e6)
    };
    for round in 0..bench.rounds(ROUNDS) {
        empty.push(time(none, "free")?);
        for at in bench.in_turn(binaries.len(), round) {
            for size in 0..count {
                free[at][size].push(time(&binaries[at][size], "free")?);
            }
            lent[at].push(time(&binaries[at][count - 1], "test_0")?);
        }
    }
    Ok(vec![of_free(&empty, &free), of_lent(&lent)])
}

fn of_free(empty: &[f64], free: &[Vec<Vec<f64>>]) -> Table {
    let mut columns = vec!["".to_owned()];
    for size in SIZES {
        columns.extend([format!("{size} tests"), "x bare".to_owned()]);
    }
    columns.push("beyond bare, a test".to_owned());
    let empty = Spread::new(empty.to_vec());
    let columns: Vec<_> = columns.iter().map(String::as_str).collect();
    let mut table = Table::new(
        "Start of a test binary, to run a test that uses no pool",
        &format!(
            "A process from start to end, µs: it runs one bare test of a binary that also has \
             the given number of annotated tests. The last column is the cost of an annotated \
             test that is not run, measured with the largest binary. A test binary without any \
             test takes {} µs ({}).",
            figure(empty.median()),
            empty.range()
        ),
        &columns,
    );
    let median = |at: usize, size: usize| Spread::new(free[at][size].clone()).median();
    for (at, annotation) in annotated::ALL.iter().enumerate() {
        let mut cells = vec![annotation.title.to_owned()];
        for size in 0..SIZES.len() {
            let time = median(at, size);
            cells.extend([figure(time), figure(time / median(BARE, size))]);
        }
        let last = SIZES.len() - 1;
        let beyond = (median(at, last) - median(BARE, last)) / SIZES[last] as f64;
        cells.push(figure(beyond));
        table.row(cells);
    }
    table
}

fn of_lent(lent: &[Vec<f64>]) -> Table {
    let mut table = Table::new(
        "A process for one annotated test",
        "From start to end, started as nextest does it; µs, the name or lock free and warm.",
        &["", "median", "middle half", "beyond bare", "x bare"],
    );
    let bare = Spread::new(lent[BARE].clone()).median();
    for (annotation, times) in annotated::ALL.iter().zip(lent) {
        let times = Spread::new(times.clone());
        table.row(vec![
            annotation.title.to_owned(),
            figure(times.median()),
            format!("{} to {}", figure(times.at(0.25)), figure(times.at(0.75))),
            figure(times.median() - bare),
            figure(times.median() / bare),
        ]);
    }
    table
}
