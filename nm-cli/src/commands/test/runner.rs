use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use crate::commands::test::rehearsal::{self, Test};
use crate::exit::{Failure, Outcome, code};
use crate::groups::{Durations, Plan};
use crate::listing::{self, Annotated};
use crate::process::exec::exec;

/// The subcommand that cargo starts instead of each test binary.
pub const COMMAND: &str = "run-test-binary";

const THREADS: &str = "--test-threads";

/// Runs a test binary of `cargo test`
#[derive(Debug, clap::Args)]
pub struct Args {
    binary: PathBuf,
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    args: Vec<OsString>,
}

pub fn run(args: Args) -> Outcome {
    let mut command = Command::new(&args.binary);
    match threads(&args) {
        Some(threads) => {
            command.args(without_threads(&args.args));
            command.arg(format!("{THREADS}={threads}"));
        }
        None => {
            command.args(&args.args);
        }
    }
    // Cargo is our parent, and then the binary's.
    exec(command).map_err(|error| {
        let what = format!("failed to run `{}`", args.binary.display());
        Failure::new(code::NOT_RUNNABLE, what).because(error).into()
    })
}

/// How many threads the binary should have; `None` if as many as without us.
fn threads(args: &Args) -> Option<usize> {
    let cores = asked_for(&args.args)?;
    // A user who asks for 1 wants the tests one after the other.
    if cores < 2 || !knows_us(&args.binary) {
        return None;
    }
    let asked = listing::ask(&args.binary, None, &[]).ok()?;
    if asked.is_empty() {
        return None;
    }
    let names = names(args)?;
    let annotated: Vec<_> = asked
        .into_iter()
        .flat_map(|test| {
            let cases: Vec<_> = cases(&names, &test.test).map(str::to_owned).collect();
            cases.into_iter().map(move |case| Annotated {
                binary: String::new(),
                test: case,
                path: test.path.clone(),
                file: test.file.clone(),
                requests: test.requests.clone(),
            })
        })
        .collect();
    let durations = Durations::recorded(&annotated);
    let plan = Plan::new(&annotated, &durations);
    let groups: Vec<u32> = plan.groups.iter().map(|group| group.max).collect();
    let mut by_test = BTreeMap::new();
    for rule in &plan.rules {
        let is_named = |id: &String| plan.groups.iter().position(|group| group.id == *id);
        if let Some(group) = rule.group.as_ref().and_then(is_named) {
            let tests = rule.tests.values().flatten();
            by_test.extend(tests.map(|test| (test.as_str(), group)));
        }
    }
    let time = |name: &str| {
        let known = annotated.iter().find(|test| test.test == name);
        known.map_or(durations.typical(), |test| durations.of(test))
    };
    let tests: Vec<_> = names
        .iter()
        .map(|name| Test {
            group: by_test.get(name.as_str()).copied(),
            time: time(name).as_secs_f64().max(1e-6),
        })
        .collect();
    let threads = rehearsal::threads(&tests, &groups, cores);
    (threads > cores).then_some(threads)
}

/// The threads that the user, or else libtest, would give it.
fn asked_for(args: &[OsString]) -> Option<usize> {
    let mut given = None;
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let text = arg.to_str()?;
        if text == THREADS {
            given = args.next();
        } else if text.starts_with(THREADS) {
            given = Some(arg);
        }
    }
    let number = |text: &str| text.rsplit('=').next()?.parse().ok();
    match (given, env::var("RUST_TEST_THREADS")) {
        (Some(given), _) => number(given.to_str()?),
        (None, Ok(variable)) => number(&variable),
        (None, Err(_)) => Some(thread::available_parallelism().map_or(1, NonZero::get)),
    }
}

fn without_threads(args: &[OsString]) -> Vec<OsString> {
    let mut kept = Vec::new();
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        if arg == THREADS {
            args.next();
        } else if !arg.to_string_lossy().starts_with(THREADS) {
            kept.push(arg.clone());
        }
    }
    kept
}

/// Whether our library is in it. Other binaries are not asked: one without libtest
/// would not list its tests but run.
fn knows_us(binary: &Path) -> bool {
    let found = |bytes: Vec<u8>| memchr::memmem::find(&bytes, b"name-manager-test").is_some();
    fs::read(binary).is_ok_and(found)
}

/// The tests that the binary would run with these arguments, in its order.
fn names(args: &Args) -> Option<Vec<String>> {
    let mut command = Command::new(&args.binary);
    let mut given = args.args.iter();
    while let Some(arg) = given.next() {
        match arg.to_str()? {
            "--exact" | "--ignored" | "--include-ignored" => {
                command.arg(arg);
            }
            "--skip" => {
                command.arg(arg).args(given.next());
            }
            skip if skip.starts_with("--skip=") => {
                command.arg(arg);
            }
            "--color" | "--format" | "--logfile" | "-Z" | "--shuffle-seed" | THREADS => {
                given.next();
            }
            option if option.starts_with('-') => {}
            _ => {
                command.arg(arg);
            }
        }
    }
    command.args(["--list", "--format", "terse"]);
    let output = command.stdin(Stdio::null()).output().ok()?;
    let printed = String::from_utf8(output.stdout).ok()?;
    let names = printed
        .lines()
        .filter_map(|line| line.strip_suffix(": test"));
    Some(names.map(str::to_owned).collect())
}

/// The tests of a function: itself, or the cases in a module of its name.
fn cases<'a>(names: &'a [String], function: &str) -> impl Iterator<Item = &'a str> {
    let module = format!("{function}::");
    let itself = names.iter().any(|name| name == function);
    let cases = names.iter().filter(move |name| match itself {
        true => module.strip_suffix("::") == Some(name),
        false => name.starts_with(&module),
    });
    cases.map(String::as_str)
}
