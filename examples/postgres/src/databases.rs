use name_manager::{BoxError, Name, Reset, Resource};

use crate::server::{Server, TEMPLATE};

/// The life of the pool `bank`.
#[derive(Debug, Default)]
pub struct Databases;

const MIGRATIONS: [&str; 2] = [
    include_str!("../migrations/1-accounts.sql"),
    include_str!("../migrations/2-transfers.sql"),
];

#[name_manager::resource(pool = "bank")]
impl Resource for Databases {
    fn setup(&self) -> Result<(), BoxError> {
        let Some(server) = Server::find()? else {
            return Server::say_skipped();
        };
        // A run whose clean-up was killed may have left a server.
        server.stop()?;
        server.start()?;
        server.batch("postgres", &format!("CREATE DATABASE {TEMPLATE}"))?;
        // Nobody may be connected to a template that is cloned.
        server.batch(TEMPLATE, &MIGRATIONS.concat())
    }

    fn init(&self, name: &Name) -> Result<(), BoxError> {
        self.cleanup(name)?;
        let Some(server) = Server::find()? else {
            return Ok(());
        };
        // One statement at a time: neither goes in a transaction.
        let create = format!("CREATE DATABASE \"{name}\" TEMPLATE {TEMPLATE}");
        server.batch("postgres", &create)
    }

    fn reset(&self, name: &Name, why: Reset<'_>) -> Result<(), BoxError> {
        match (why, Server::find()?) {
            (Reset::Reuse, Some(server)) => {
                server.batch(name, "TRUNCATE account, transfer RESTART IDENTITY")
            }
            // Its holder may have left anything, connections too.
            _ => self.init(name),
        }
    }

    fn cleanup(&self, name: &Name) -> Result<(), BoxError> {
        let Some(server) = Server::find()? else {
            return Ok(());
        };
        let drop = format!("DROP DATABASE IF EXISTS \"{name}\" WITH (FORCE)");
        server.batch("postgres", &drop)
    }

    fn teardown(&self) -> Result<(), BoxError> {
        match Server::find()? {
            Some(server) => server.stop(),
            None => Ok(()),
        }
    }
}
