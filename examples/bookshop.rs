//! Runs the tests of `examples/bookshop`, then shows who held which database, when.

#[path = "../tests/bookshop/ledger.rs"]
mod ledger;

use ledger::{Hold, Ledger};
use std::env;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{SystemTime, UNIX_EPOCH};

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let bookshop = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/bookshop");
    // By its id this run is told from others in the same journal.
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
    let run = format!("example-{}", now.as_micros());
    let status = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["test", "--workspace", "--manifest-path"])
        .arg(bookshop.join("Cargo.toml"))
        .arg("--target-dir")
        .arg(target_directory()?.join("bookshop"))
        .args(["--", "--test-threads=8"])
        .env("NAME_MANAGER_RUN_ID", &run)
        .status()?;
    let journal = Ledger::read(&bookshop, "shop")?;
    let ledger = journal.of_run(&run);
    for name in ledger.names() {
        print_name(&ledger, name);
    }
    print_sum(&ledger);
    let clashes = journal.clashes(&run);
    for (one, other) in &clashes {
        println!(
            "{} was held twice: by {} and by {}",
            one.name,
            holder(one),
            holder(other)
        );
    }
    if clashes.is_empty() {
        println!("no name was ever held by two tests at once (checked in the journal)");
    }
    Ok(if status.success() && clashes.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn print_name(ledger: &Ledger, name: &str) {
    println!("\n{name}");
    println!("{:>9}  {:>9}  {:>9}  test", "from ms", "to ms", "waited ms");
    let start = start(ledger);
    for hold in ledger.holds.iter().filter(|hold| hold.name == name) {
        println!(
            "{:>9}  {:>9}  {:>9}  {}",
            millis(hold.from.saturating_sub(start)),
            hold.until
                .map_or("-".to_owned(), |until| millis(until.saturating_sub(start))),
            millis(hold.waited),
            hold.test,
        );
    }
}

fn print_sum(ledger: &Ledger) {
    let end = ledger
        .holds
        .iter()
        .filter_map(|hold| hold.until)
        .max()
        .unwrap_or(0);
    let longest = ledger
        .holds
        .iter()
        .map(|hold| hold.waited)
        .max()
        .unwrap_or(0);
    println!(
        "\n{} leases over {} names in {} ms, at most {} at once; longest wait {} ms",
        ledger.holds.len(),
        ledger.names().len(),
        millis(end.saturating_sub(start(ledger))),
        ledger.most_at_once(),
        millis(longest),
    );
}

/// When the first test asked.
fn start(ledger: &Ledger) -> u64 {
    let asked = |hold: &Hold| hold.from.saturating_sub(hold.waited);
    ledger.holds.iter().map(asked).min().unwrap_or(0)
}

fn holder(hold: &Hold) -> String {
    format!("{} (run {}, fence {})", hold.test, hold.run, hold.fence)
}

fn millis(micros: u64) -> String {
    format!("{}.{}", micros / 1_000, micros % 1_000 / 100)
}

/// The target directory that this example was built in, as `debug/examples/bookshop`.
fn target_directory() -> Result<PathBuf, Box<dyn Error>> {
    let program = env::current_exe()?;
    let examples = program
        .parent()
        .filter(|directory| directory.ends_with("examples"));
    let target = examples.and_then(|examples| examples.ancestors().nth(2));
    Ok(target
        .ok_or("this example is not in a target directory; run it with cargo")?
        .to_owned())
}
