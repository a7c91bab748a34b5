//! `cargo nextest run`, with groups made from the tests' attributes.

pub mod arguments;
pub mod block;
mod building;
pub mod config;
mod generated;
mod listed;
mod repository;
pub mod version;

use std::ffi::OsString;
use std::process::{Command, ExitCode};

use crate::args::pass_through::take_flag;
use crate::cleanup;
use crate::exit::{Failure, Outcome, code};
use crate::groups::{Durations, Plan};
use crate::listing;
use crate::process::exec::exec;
use crate::process::{cargo, child};
use crate::screen::stderr;
use arguments::Arguments;
use building::Building;
use config::{Owner, config};
use generated::Generated;
use listed::{Listed, Surroundings};
use repository::Repository;

/// Runs tests under nextest, which then starts none that would only wait
///
/// Builds the tests, asks every test binary for its annotated tests, and runs `cargo
/// nextest run ARGS` with one test group per pool. Your own nextest configuration takes
/// precedence.
///
/// Waits until the tests are cleaned up after; exits with 70 if they passed and that failed.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Write the groups to `.config/nextest.toml` instead, for plain `cargo nextest run`
    #[arg(long, conflicts_with = "check")]
    write: bool,
    /// Do not wait until the tests are cleaned up after
    #[arg(long)]
    no_wait: bool,
    /// Fail and show the difference if the groups in `.config/nextest.toml` are out of date
    #[arg(long)]
    check: bool,
    /// Arguments for `cargo nextest run`
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "ARGS"
    )]
    args: Vec<OsString>,
}

pub fn run(mut args: Args) -> Outcome {
    args.no_wait |= take_flag(&mut args.args, "--no-wait");
    args.write |= take_flag(&mut args.args, "--write");
    args.check |= take_flag(&mut args.args, "--check");
    if args.write && args.check {
        let text = "`--write` and `--check` cannot be used together";
        return Err(Failure::new(code::USAGE, text).into());
    }
    let asked = version::ask()?;
    let given = Arguments::new(args.args);
    // Beside these questions: each is the start of another cargo.
    let building = Building::start(&given)?;
    let repository = Repository::find(&given)?;
    let nextest = asked.check()?;
    if args.write || args.check {
        // Before nextest reads it, whose message is only that of its TOML parser.
        repository.validate()?;
    }
    let generated = Generated::new(&repository.root);
    // Groups written earlier may name binaries that no longer exist, and would take
    // precedence over those that are made now.
    let arguments = match repository.without_block() {
        Some(text) => given.with_config_file(generated.file("repository", "toml", &text)?),
        None => given,
    };
    let around = Surroundings {
        generated: &generated,
        configuration: &repository.text,
        nextest: &nextest,
    };
    let described = match Listed::of(building, &arguments, &around)? {
        Listed::Build(described) => described,
        Listed::Failed(code) => return Ok(code),
    };
    let tests = listing::annotated(&described.build)?;
    generated.remove_extracted();
    if args.write || args.check {
        let plan = Plan::new(&tests, &Durations::default());
        if let Some((pool, error)) = plan.unusable.first() {
            let text =
                format!("pool `{pool}` cannot be used, so its tests cannot be grouped: {error}");
            return Err(Failure::new(code::USAGE, text).into());
        }
        let text = config(&plan, Owner::Repository);
        return match args.write {
            true => repository.write(&text),
            false => repository.check(&text),
        };
    }
    let plan = Plan::new(&tests, &Durations::recorded(&tests));
    for (pool, error) in &plan.unusable {
        stderr::warn(&format!("tests of pool `{pool}` are not grouped: {error}"));
    }
    let text = config(&plan, Owner::Tool);
    let arguments = match text.is_empty() {
        true => arguments,
        false => {
            let mut tool = OsString::from("name-manager:");
            tool.push(generated.file("groups", "toml", &text)?);
            arguments.prepend(&["--tool-config-file".into(), tool])
        }
    };
    // Checking again whether all is built would take half as long as listing it.
    let arguments = match arguments.without_build() {
        Some(arguments) => {
            let file = described.write(&generated)?;
            arguments.prepend(&["--binaries-metadata".into(), file])
        }
        None => arguments,
    };
    let mut command = Command::new(cargo::program());
    command.args(["nextest", "run"]).args(arguments.all());
    // A run that was begun before us may go on after us.
    if !args.no_wait && std::env::var_os("NAME_MANAGER_RUN_ID").is_none() {
        let ended = child::run(command, &cargo::program());
        return Ok(ExitCode::from(cleanup::after(ended)));
    }
    exec(command).map_err(|error| {
        let what = "failed to run `cargo nextest run`";
        Failure::new(code::NOT_RUNNABLE, what).because(error).into()
    })
}
