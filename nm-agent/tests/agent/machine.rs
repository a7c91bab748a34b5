//! Machines at one server.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::child::Started;
use crate::instance::{Instance, shared};
use crate::process::Process;
use crate::wire::Wire;

/// The lease of these tests: the shortest.
pub const LEASE: Duration = Duration::from_secs(5);

/// Tables in a database of one test.
pub struct Site {
    pub url: String,
    database: String,
    wire: Option<Wire>,
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
            database: database.to_owned(),
            wire: Some(wire),
        }
    }

    /// The same, at another port.
    pub fn through(&self, port: u16) -> Self {
        let database = self.database.clone();
        Self {
            url: format!("postgres://boss@127.0.0.1:{port}/{database}"),
            database,
            wire: None,
        }
    }

    /// Asks the server until it says so.
    pub fn until(&self, statement: &str, answer: i32) {
        let wire = self.wire.as_ref().expect("it was made here");
        let until = std::time::Instant::now() + Duration::from_secs(90);
        while wire.ask(statement) != answer {
            assert!(std::time::Instant::now() < until, "never: {statement}");
            std::thread::yield_now();
        }
    }

    pub fn execute(&self, statements: &str) {
        let wire = self.wire.as_ref().expect("it was made here");
        wire.execute(statements);
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
