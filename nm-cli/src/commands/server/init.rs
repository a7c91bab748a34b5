use std::process::ExitCode;
use std::time::Duration;

use nm_postgres::{LEASE, LEASES, Made, statements};

use crate::exit::{Failure, Outcome, code};
use crate::screen::{stderr, stdout};
use crate::server::{Answer, address};

/// Makes the tables in the server's database, unless they are there
///
/// Needs a user who may create a schema there. Prints what a user of the tests has to be
/// granted, as statements for psql.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// How long a machine may be silent before its names are lent to others, from `5s` to
    /// `10m` [default: 30s]
    #[arg(long, value_parser = lease)]
    lease: Option<Duration>,
    /// Print the statements for psql and connect to no server
    #[arg(long)]
    print: bool,
}

fn lease(text: &str) -> Result<Duration, String> {
    let lease = crate::args::duration::parse(text)?;
    let is_whole = lease.subsec_nanos() % 1_000_000 == 0;
    match LEASES.contains(&lease) && is_whole {
        true => Ok(lease),
        false => Err("expected `5s` to `10m`".to_owned()),
    }
}

const GRANTS: &str = "\
-- For each user as whom tests connect, here `ci`:
GRANT USAGE ON SCHEMA name_manager TO ci;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA name_manager TO ci;
";

pub fn run(args: Args) -> Outcome {
    if args.print {
        let statements = statements(args.lease.unwrap_or(LEASE));
        stdout::answer(&format!("BEGIN;\n{statements}COMMIT;\n\n{GRANTS}"))?;
        return Ok(ExitCode::SUCCESS);
    }
    let address = address()?;
    let shown = address.to_string();
    let server = Answer::from(address)?;
    let connection = server.connection();
    let made = server.to(connection.make_tables(args.lease.unwrap_or(LEASE)))?;
    let lease = server.to(connection.lease())?;
    let lease_text = humantime::format_duration(lease);
    if args.lease.is_some_and(|asked| asked != lease) {
        let asked = args.lease.unwrap_or_default();
        return Err(Failure::new(
            code::FAILURE,
            format!(
                "{shown} has the tables, with a lease of {lease_text}, which stays: machines that have begun with it would not learn of another one; when `name-manager server check` shows no machine, run `UPDATE name_manager.format SET lease = {}`",
                asked.as_millis()
            ),
        )
        .into());
    }
    let did = match made {
        Made::Now => "made the tables",
        Made::Before => "changed nothing: the tables are there",
    };
    stderr::warn(&format!(
        "{did}, version 1, with a lease of {lease_text}, in {shown}"
    ));
    stdout::answer(GRANTS)?;
    Ok(ExitCode::SUCCESS)
}
