//! Kills, crowds and broken engines: see README.md.

#![forbid(unsafe_code)]

mod args;
mod child;
mod container;
mod kills;
mod load;
mod machines;
mod mutant;
mod mutants;
mod report;
mod result;
mod round;
mod runner;

use std::path::Path;
use std::process::ExitCode;

use args::Args;
use result::Result;
use torture::history::{self, Event};
use torture::oracle::{Bounds, judge};

const USAGE: &str = "\
usage: cargo xtask torture kills   [--seed N] [--kills N] [--seconds N]
       cargo xtask torture load    [--seed N] [--seconds N] [--processes N] [--requests N]
       cargo xtask torture machines [--seed N] [--faults N] [--seconds N] [--sites N]
       cargo xtask torture mutants [--seed N] [--seconds N, each] [NAME]..
       cargo xtask torture judge DIRECTORY";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let outcome = match words[..] {
        ["kills", ref rest @ ..] => nameless(rest).and_then(|args| kills::run(&args)),
        ["load", ref rest @ ..] => nameless(rest).and_then(|args| load::run(&args)),
        ["machines", ref rest @ ..] => nameless(rest).and_then(|args| machines::run(&args)),
        ["mutants", ref rest @ ..] => Args::parse(rest).and_then(|args| mutants::run(&args)),
        ["judge", dir] => judge_again(Path::new(dir)),
        // Processes of these.
        ["try", ref one @ ..] => mutants::try_one(one),
        ["runner", ref job @ ..] => runner::run(job),
        ["delay", address] => machines::wire::run(address),
        ["init", ref job @ ..] => container::run(job),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("torture: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Only mutants have names.
fn nameless(words: &[&str]) -> Result<Args> {
    let args = Args::parse(words)?;
    match args.names.first() {
        None => Ok(args),
        Some(word) => Err(format!("unexpected `{word}`\n{USAGE}").into()),
    }
}

/// Judges the histories of a round that was kept.
fn judge_again(dir: &Path) -> Result<()> {
    let lines = history::read_dir(&dir.join("histories"))?;
    if lines
        .iter()
        .any(|line| matches!(line.event, Event::Site(_)))
    {
        return report::complain(&machines::judge_again(&lines).violations);
    }
    let verdict = judge(&lines, Bounds::default());
    println!("{}", verdict.figures);
    report::complain(&verdict.violations)
}
