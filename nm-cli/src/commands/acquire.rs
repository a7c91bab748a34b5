use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, ExitCode};

use nm_runtime::inspect;

use crate::args::lifetime::Lifetime;
use crate::args::place::Place;
use crate::args::purpose::Purpose;
use crate::args::token;
use crate::args::wait::Wait;
use crate::args::want::Want;
use crate::exit::{Failure, Outcome, code};
use crate::keeper::control;
use crate::keeper::report::{self, Report};
use crate::keeper::session::Session;
use crate::screen::stdout;
use crate::sys;

/// Prints a name and returns; the name stays yours until the calling shell ends
///
/// Prints only the name, so `db=$(name-manager acquire db)` just works; with --count or
/// --all, one name per line. A small background process holds the lease.
/// The calling shell is the script or interactive shell that contains the call: not a
/// subshell of it, a `sh -c` that does nothing else, `timeout` or `sudo`.
/// Give the name back with `release`: if its shell ends first, it is dirty for the next
/// holder. With --pid, it is so only if that process failed (or the system does not tell:
/// Linux does since 6.15).
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The pool
    pool: String,
    /// Leave the names clean even if they are never released, or the process of --pid fails
    #[arg(long)]
    stays_clean: bool,
    #[command(flatten)]
    purpose: Purpose,
    #[command(flatten)]
    want: Want,
    #[command(flatten)]
    lifetime: Lifetime,
    #[command(flatten)]
    place: Place,
}

pub fn run(args: Args, wait: Wait) -> Outcome {
    let session = match args.lifetime.pid {
        None => Session::current(),
        Some(pid) => Session::at(pid)
            .filter(|session| !session.is_outside())
            .ok_or_else(|| {
                Failure::new(
                    code::UNKNOWN,
                    format!("no process {pid} is seen from here; --pid expects the id of a running one, with which the lease ends"),
                )
            })?,
    };
    let lifetime = &args.lifetime;
    if session.is_outside() && lifetime.ttl.is_none() && !lifetime.until_release {
        return Err(Failure::new(
            code::USAGE,
            "the calling process is outside of this container, so its end cannot be seen; say when the lease is to end with --pid, --ttl or --until-release",
        )
        .into());
    }
    let known = args.lifetime.token()?;
    let is_known = known.is_some() || args.lifetime.token_file.is_some();
    let token = match known {
        Some(token) => token,
        None => token::random()?,
    };
    let mut given = wait.args();
    given.push(format!("--session={}:{}", session.pid, session.started));
    if args.lifetime.pid.is_some() {
        given.push("--given".to_owned());
    }
    if is_known {
        given.push("--token-is-known".to_owned());
    }
    given.extend(args.want.args());
    if let Some(ttl) = args.lifetime.ttl {
        given.push(format!("--ttl={}", humantime::format_duration(ttl)));
    }
    if args.stays_clean {
        given.push("--stays-clean".to_owned());
    }
    if args.lifetime.until_release {
        given.push("--until-release".to_owned());
    }
    let mut keeper = Command::new(inspect::own_program()?);
    keeper
        .arg(report::COMMAND)
        .args(given)
        .args(args.purpose.args())
        .args(args.place.args())
        .args([OsString::from("--"), OsString::from(&args.pool)])
        // Not among the arguments, which every user can read.
        .env(token::VARIABLE, &token);
    let failed = |error: io::Error| {
        Failure::new(code::FAILURE, "failed to start the keeper process").because(error)
    };
    let mut keeper = sys::start_keeper(keeper, "name-manager").map_err(failed)?;
    let report = control::read(&mut keeper.stdout).map_err(failed)?;
    let report = report.and_then(|line| serde_json::from_str::<Report>(&line).ok());
    let Some(report) = report else {
        let status = keeper.wait().map_err(failed)?;
        return Err(Failure::new(
            code::FAILURE,
            format!("the keeper process ended before it acquired a name ({status})"),
        )
        .into());
    };
    if report.code != 0 {
        return Err(Failure::new(report.code, report.message).into());
    }
    if let Some(file) = &args.lifetime.token_file {
        write_token(file, &token)?;
    }
    let text: String = report
        .names
        .iter()
        .map(|name| format!("{name}\n"))
        .collect();
    // Only a name that reached its user is kept: without our consent the keeper
    // releases it.
    stdout::answer(&text).map_err(|error| {
        Failure::new(
            code::FAILURE,
            format!(
                "failed to print {}; released again",
                report.names.join(", ")
            ),
        )
        .because(error)
    })?;
    keeper.stdin.write_all(report::CONSENT).map_err(|error| {
        let what = format!("the keeper of {} ended", report.names.join(", "));
        Failure::new(code::FAILURE, what).because(error)
    })?;
    Ok(ExitCode::SUCCESS)
}

fn write_token(path: &Path, token: &str) -> Result<(), Failure> {
    let write = || {
        // Always a new file: an old one may be open to others, and a link may lead
        // anywhere.
        if path.symlink_metadata().is_ok_and(|old| old.is_file()) {
            fs::remove_file(path)?;
        }
        writeln!(sys::new_private_file(path)?, "{token}")
    };
    write().map_err(|error| {
        let what = format!("failed to write the token to `{}`", path.display());
        Failure::new(code::FAILURE, what).because(error)
    })
}
