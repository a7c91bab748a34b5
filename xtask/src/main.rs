//! Chores of this repository.

#![forbid(unsafe_code)]

mod bench;
mod build;
mod picture;
mod result;
mod torture;

use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let result = match args[..] {
        ["bench", ref which @ ..] => bench::run(which),
        ["torture", ref args @ ..] => torture::run(args),
        ["picture"] => picture::run(),
        // A process of a benchmark.
        ["worker", ref job @ ..] => bench::jobs::run(job),
        _ => {
            eprintln!("usage: {}", bench::usage());
            eprintln!("       cargo xtask picture");
            eprintln!("       cargo xtask torture kills|load|machines|mutants|judge ..");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}
