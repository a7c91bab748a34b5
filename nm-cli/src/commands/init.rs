use std::fs::File;
use std::io::{ErrorKind, Write};
use std::process::ExitCode;

use nm_runtime::inspect;

use crate::exit::{Failure, Outcome, code};
use crate::screen::{stderr, stdout};

/// Writes a `name-manager.toml` with a pool to begin with, and prints its path
///
/// It is for projects without Cargo; in a Cargo workspace it stands instead of
/// `[workspace.metadata.name-manager]` in Cargo.toml. A file that is there is not touched.
#[derive(Debug, clap::Args)]
pub struct Args {}

const TEXT: &str = include_str!("init.toml");

pub fn run(Args {}: Args) -> Outcome {
    let (path, is_cargo) = inspect::unwritten()
        .map_err(|error| Failure::new(code::FAILURE, "nothing was written").because(error))?;
    let failed = |error: std::io::Error| {
        Failure::new(
            code::FAILURE,
            format!("failed to write `{}`", path.display()),
        )
        .because(error)
    };
    let mut file = match File::create_new(&path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            return Err(Failure::new(
                code::FAILURE,
                format!("nothing was written: `{}` exists", path.display()),
            )
            .into());
        }
        created => created.map_err(failed)?,
    };
    file.write_all(TEXT.as_bytes()).map_err(failed)?;
    stdout::answer(&format!("{}\n", path.display()))?;
    stderr::warn(match is_cargo {
        true => {
            "wrote it beside the Cargo.toml of the workspace, whose tests it configures, too; in it is a pool `db`"
        }
        false => {
            "wrote it for this directory and all below, with a pool `db`; try `name-manager run db -- echo {name}`"
        }
    });
    Ok(ExitCode::SUCCESS)
}
