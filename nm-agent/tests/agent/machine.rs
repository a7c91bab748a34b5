//! Machines at one server.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::child::Started;
use crate::instance::{Instance, Wire, shared};
use crate::process::Process;

/// The lease of these tests: the shortest.
pub const LEASE: Duration = Duration::from_secs(5);

/// Tables in a database of one test.
pub struct Site {
    pub url: String,
    wire: Wire,
}

impl Site {
    /// At the server that tests share; `None` if there is no PostgreSQL.
    pub fn new(database: &str) -> Option<Self> {
        Some(Self::at(shared()?, database))
    }

    pub fn at(server: &Instance, database: &str) -> Self {
        let wire = server.database(database, false);
        wire.run(wire.connection.make_tables(LEASE)).unwrap();
        Self {
            url: server.url("boss", database),
            wire,
        }
    }

    pub fn execute(&self, statements: &str) {
        self.wire.execute(statements);
    }

    pub fn machine(&self, host: &str) -> Machine {
        let temp = tempfile::Builder::new().prefix("nm-ag").tempdir().unwrap();
        let dir = temp.path().join("agent");
        Machine::start(temp, dir, host, &self.url)
    }
}

/// A directory, with its agent.
pub struct Machine {
    pub agent: Started,
    pub dir: PathBuf,
    pub host: String,
    _temp: tempfile::TempDir,
}

impl Machine {
    fn start(temp: tempfile::TempDir, dir: PathBuf, host: &str, url: &str) -> Self {
        Self {
            agent: started(&dir, host, url),
            dir,
            host: host.to_owned(),
            _temp: temp,
        }
    }

    pub fn process(&self) -> Process {
        Process::connect(&self.dir)
    }

    /// Another agent, after the first was killed.
    pub fn next_agent(&mut self, url: &str) {
        self.agent = started(&self.dir, &self.host, url);
    }
}

/// An agent that says that it serves.
pub fn started(dir: &Path, host: &str, url: &str) -> Started {
    let mut agent = Started::agent(dir, host, url);
    let line = agent.line();
    assert!(line.contains("welcome"), "{line}");
    agent
}
