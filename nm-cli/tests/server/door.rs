//! A way to a database for commands.

use std::process::Command;

use crate::instance::Instance;
use crate::lab::{Lab, Said};

pub struct Door {
    lab: Lab,
    url: String,
}

impl Door {
    /// To whatever the address means.
    pub fn to(url: &str) -> Self {
        Self {
            lab: Lab::new(),
            url: url.to_owned(),
        }
    }

    /// As its owner to a new database.
    pub fn to_new(server: &Instance, database: &str) -> Self {
        server.sql("postgres", &format!("CREATE DATABASE \"{database}\""));
        Self::to(&server.url("boss", database))
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = self.program(env!("CARGO_BIN_EXE_name-manager"));
        command.args(args);
        command
    }

    /// A program with this way.
    pub fn program(&self, program: &str) -> Command {
        self.with(self.lab.program(program))
    }

    /// A command so far below `cargo`, which has started this test, that no run is its.
    pub fn apart(&self, args: &[&str]) -> Command {
        let program = [&[env!("CARGO_BIN_EXE_name-manager")], args].concat();
        self.with(self.lab.apart(&program))
    }

    fn with(&self, mut command: Command) -> Command {
        command
            .env("NAME_MANAGER_SERVER", &self.url)
            .env_remove("PGPASSFILE")
            .env_remove("PGSSLROOTCERT");
        command
    }

    pub fn run(&self, args: &[&str]) -> Said {
        Said::of(self.command(args).output().unwrap())
    }
}
