use std::collections::BTreeMap;
use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Duration;

use nm_runtime::{Lease, Request, caller};

use crate::args::assignment::Assignment;
use crate::args::duration;
use crate::args::fill::{fill, fill_os};
use crate::args::place::Place;
use crate::args::purpose::Purpose;
use crate::args::want::{Want, unused};
use crate::cleanup;
use crate::exit::{Failure, Outcome, chain, code};
use crate::process::child::Ended;
use crate::process::{child, tether};
use crate::screen::{label, stderr};

/// Runs a command that holds names while it runs
///
/// It holds the names until the command ends: if tests that the command runs ask for these, too,
/// they wait in vain. Without a pool it holds nothing: the command and everything that it starts is one run,
/// for a script of test binaries, say, whose hooks then run once for all of them.
///
/// `{name}`, `{index}` and `{pool}` are replaced in its arguments and in --env; several
/// names are joined by commas, and `{db.name}` is the name from pool `db`.
/// The variables configured for the pool are set. A command that fails leaves its names
/// dirty; one that cannot be started leaves them as they were. If this process is killed, the
/// command gets SIGTERM (Linux), or is killed with all that it has started (Windows).
///
/// Hooks that the pool's configuration has as commands make the names ready, and clean them up.
/// Waits until that is done, also after tests that the command has run; exits with 70 if it succeeded
/// and that failed. It looks where its own pools are: in the workspace of the current directory,
/// --dir or --scope. As part of a run that goes on (NAME_MANAGER_RUN_ID is set, or cargo has
/// started it) it does not wait.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  name-manager run db --env DATABASE_URL=postgres://localhost/{name} -- pytest"
)]
pub struct Args {
    /// The pools; several are always acquired in the same order, so that runs cannot deadlock
    #[arg(value_name = "POOL")]
    pools: Vec<String>,
    /// Wait at most this long for each pool, e.g. `90s` or `3m`
    #[arg(long, value_parser = duration::parse)]
    timeout: Option<Duration>,
    /// Do not wait for the clean-up, which goes on nevertheless
    #[arg(long)]
    no_wait: bool,
    /// Leave the names clean even if the command fails: what comes next may use what it left
    #[arg(long)]
    stays_clean: bool,
    /// Set a variable; may be repeated
    #[arg(long = "env", value_name = "KEY=VALUE")]
    env: Vec<Assignment>,
    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "CMD")]
    command: Vec<OsString>,
    #[command(flatten)]
    purpose: Purpose,
    #[command(flatten)]
    want: Want,
    #[command(flatten)]
    place: Place,
}

pub fn run(args: Args) -> Outcome {
    let words = args.command.iter().map(|word| word.as_os_str());
    args.place
        .announce(args.purpose.or(|| label::of(words)), None)?;
    let begins_here = caller::begins_here()?;
    let waits = begins_here && !args.no_wait;
    let leases = match acquire(&args) {
        Ok(leases) => unused(leases),
        // A hook may have failed half-way.
        Err(failure) if waits => {
            let told = chain(&failure);
            stderr::warn(&told);
            caller::leave_pools();
            let ended = Ended::not_begun(failure.code());
            return Ok(ExitCode::from(cleanup::after_told(ended, &told)));
        }
        Err(failure) => return Err(failure.into()),
    };
    let env = environment(&leases, &args.env)?;

    let program = fill_os(&args.command[0], &leases);
    let (mut command, witness) = tether::command(&program)?;
    command
        .args(args.command[1..].iter().map(|arg| fill_os(arg, &leases)))
        .envs(env)
        .env("NAME_MANAGER_RUN_ID", caller::run()?);
    if begins_here {
        let (key, value) = caller::end_with_child();
        command.env(key, value);
    }
    let mut ended = child::run(command, &program);
    ended.has_begun &= witness.saw_it_begin();

    let mut code = ended.code;
    for mut lease in leases {
        if ended.has_begun {
            lease.used();
        }
        if let (Some(complaint), false) = (ended.complaint(), args.stays_clean) {
            lease.mark_dirty_because(complaint);
        }
        if let Err(error) = lease.release() {
            stderr::warn(&chain(&error));
            // A command that failed has more to say.
            if code == 0 {
                code = code::of(&error);
            }
        }
    }
    // Only now that it holds nothing: a clean-up may be in need of these names.
    caller::leave_pools();
    Ok(ExitCode::from(match waits {
        true => cleanup::after(Ended { code, ..ended }),
        false => code,
    }))
}

/// What to write instead of a command line of `run` in which the command has no `--` before it.
pub fn without_dashes(args: &[OsString]) -> Option<String> {
    let (command, words) = args.split_first()?;
    if command != "run" || words.iter().any(|word| word == "--") {
        return None;
    }
    let words: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
    let example = match &words[..] {
        // It may be the value of an option.
        _ if words.iter().take(2).any(|word| word.starts_with('-')) => "POOL -- CMD".to_owned(),
        [] => "POOL -- CMD".to_owned(),
        [pool] => format!("{pool} -- CMD"),
        [pool, program] => format!("{pool} -- {program}"),
        [pool, program, ..] => format!("{pool} -- {program} .."),
    };
    let what = match words.len() {
        0 | 1 => "write the command behind `--`",
        _ => "write `--` before the command",
    };
    Some(format!("{what}: `name-manager run {example}`"))
}

fn acquire(args: &Args) -> Result<Vec<Lease>, Failure> {
    let mut pools = args.pools.clone();
    pools.sort();
    if let Some(twice) = pools.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(Failure::new(
            code::USAGE,
            format!(
                "pool `{}` is given twice; for two of its names write --count 2",
                twice[0]
            ),
        ));
    }
    if args.pools.is_empty() && (args.timeout.is_some() || args.want != Want::default()) {
        return Err(Failure::new(
            code::USAGE,
            "an option says what to ask for, but no pool is given",
        ));
    }
    if let (Some(name), true) = (&args.want.name, pools.len() > 1) {
        return Err(Failure::new(
            code::USAGE,
            format!(
                "--name {name} works with one pool; {} are given",
                pools.len()
            ),
        ));
    }
    let requests = args.pools.iter();
    let requests = requests.map(|pool| args.want.of(pool, args.timeout));
    let requests = requests.collect::<Result<Vec<_>, _>>()?;
    let leases = Request::acquire_all(requests)?;
    Ok(leases.into_iter().flatten().collect())
}

/// The variables of the configuration, then those of the arguments.
fn environment(
    leases: &[Lease],
    assignments: &[Assignment],
) -> Result<BTreeMap<String, String>, Failure> {
    let mut set: BTreeMap<String, (&str, String)> = BTreeMap::new();
    for lease in leases {
        for (key, value) in lease.envs() {
            if assignments.iter().any(|assignment| assignment.key == key) {
                continue;
            }
            match set.get_mut(key) {
                None => {
                    set.insert(key.to_owned(), (lease.pool(), value));
                }
                Some((pool, all)) if *pool == lease.pool() => {
                    all.push(',');
                    all.push_str(&value);
                }
                Some((pool, _)) => {
                    return Err(Failure::new(
                        code::USAGE,
                        format!(
                            "pools `{pool}` and `{}` both configure the variable {key}; set it with --env {key}=..",
                            lease.pool()
                        ),
                    ));
                }
            }
        }
    }
    let mut env: BTreeMap<_, _> = set
        .into_iter()
        .map(|(key, (_, value))| (key, value))
        .collect();
    for assignment in assignments {
        env.insert(assignment.key.clone(), fill(&assignment.value, leases));
    }
    Ok(env)
}
