//! What attributes cost while tests are compiled.

use std::fs::File;
use std::time::SystemTime;

use crate::bench::annotated::{self, Annotation, BARE, FILE_SERIAL, SHARED_RESOURCE};
use crate::bench::cost::Cost;
use crate::bench::rounds::Bench;
use crate::bench::spread::{Spread, figure};
use crate::bench::table::Table;
use crate::result::Result;

const ROUNDS: usize = 7;
const TESTS: usize = 1000;

pub fn run(bench: &Bench) -> Result<Vec<Table>> {
    let mut packages = Vec::new();
    for annotation in &annotated::ALL {
        let package = annotation.package()?;
        annotated::build(&package)?;
        packages.push(package);
    }
    let mut costs = vec![Vec::new(); packages.len()];
    for round in 0..bench.rounds(ROUNDS) {
        for at in bench.in_turn(packages.len(), round) {
            let package = &packages[at];
            let file = package.path(&Annotation::file(TESTS));
            File::options()
                .append(true)
                .open(file)?
                .set_modified(SystemTime::now())?;
            costs[at].push(Cost::of(package.cargo().args(["test", "--no-run"]))?);
        }
    }
    let mut table = Table::new(
        &format!("Compile of {TESTS} annotated tests"),
        "`cargo test --no-run` after touching the one file with the tests, with everything else \
         built, without incremental compilation; seconds. CPU is user plus system time.",
        &[
            "",
            "time",
            "rounds",
            "x bare",
            "x file_serial",
            "CPU",
            "rounds",
            "x bare",
            "x file_serial",
        ],
    );
    let wall = |at: usize| Spread::new(costs[at].iter().map(|cost: &Cost| cost.wall).collect());
    let cpu = |at: usize| Spread::new(costs[at].iter().map(|cost: &Cost| cost.cpu).collect());
    for (at, annotation) in annotated::ALL.iter().enumerate() {
        let mut cells = vec![annotation.title.to_owned()];
        for of in [&wall as &dyn Fn(usize) -> Spread, &cpu] {
            let median = of(at).median();
            cells.extend([
                figure(median),
                of(at).range(),
                figure(median / of(BARE).median()),
                figure(median / of(FILE_SERIAL).median()),
            ]);
        }
        table.row(cells);
    }
    for (what, of) in [("time", &wall as &dyn Fn(usize) -> Spread), ("CPU", &cpu)] {
        table.goal(
            &format!("compile of {TESTS} tests, {what}, x `#[file_serial]`'s"),
            of(SHARED_RESOURCE).median() / of(FILE_SERIAL).median(),
            1.0,
        );
    }
    Ok(vec![table])
}
