//! `name-manager server`: the PostgreSQL behind pools with `scope = "server"`.

mod check;
mod init;
mod upgrade;

use crate::exit::Outcome;

/// Prepares and checks the PostgreSQL server that lends names to several machines
///
/// The server is the one that NAME_MANAGER_SERVER names, `postgres://USER@HOST:PORT/DATABASE`;
/// a password is read from the file that PGPASSFILE names, or from the address. See
/// docs/several-machines.md and docs/server.md.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Init(init::Args),
    Check(check::Args),
    Upgrade(upgrade::Args),
}

pub fn run(args: Args) -> Outcome {
    match args.command {
        Command::Init(args) => init::run(args),
        Command::Check(args) => check::run(args),
        Command::Upgrade(args) => upgrade::run(args),
    }
}
