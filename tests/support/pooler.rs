//! A PgBouncer between machines and a PostgreSQL server, on a directory and a port of its own.
//! Each transaction is given to another process of the server.

use std::fs;
use std::io::{self, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::instance::{Guarded, Owner, show_after_failure};

/// Runs until it drops, or this process ends in whatever way.
pub struct Pooler {
    dir: tempfile::TempDir,
    owner: Owner,
    program: PathBuf,
    running: Option<Guarded>,
    pub port: u16,
}

/// `None`, and a message, if it is nowhere.
fn program() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let dirs = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    let found = dirs
        .map(|dir| dir.join("pgbouncer"))
        .find(|file| file.is_file());
    if found.is_none() {
        let text =
            "SKIPPED: found no PgBouncer; install it (Debian: `apt-get install pgbouncer`)\n";
        assert!(std::env::var_os("CI").is_none(), "{text}");
        // Past libtest, which would keep it to itself.
        io::stderr().write_all(text.as_bytes()).unwrap();
    }
    found
}

impl Pooler {
    /// In transaction mode, before the server at this port of this machine.
    pub fn before(port: u16) -> Option<Self> {
        let program = program()?;
        let dir = tempfile::Builder::new().prefix("nm-pb").tempdir().unwrap();
        let owner = Owner::of(dir.path());
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let own = free.local_addr().unwrap().port();
        drop(free);
        let shown = dir.path().display();
        fs::write(dir.path().join("users"), "\"boss\" \"\"\n").unwrap();
        // Each transaction gets a new process of the server: what one leaves there, such as a
        // prepared statement, a setting or a `LISTEN`, is gone for the next. A server that was
        // away is asked again at once.
        let settings = format!(
            "[databases]\n* = host=127.0.0.1 port={port}\n\n\
             [pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {own}\nunix_socket_dir =\n\
             auth_type = trust\nauth_file = {shown}/users\n\
             pool_mode = transaction\ndefault_pool_size = 4\nserver_lifetime = 0\n\
             server_login_retry = 1\n"
        );
        fs::write(dir.path().join("pgbouncer.ini"), settings).unwrap();
        let mut pooler = Self {
            dir,
            owner,
            program,
            running: None,
            port: own,
        };
        pooler.go();
        Some(pooler)
    }

    /// Starts it, and returns when it answers.
    pub fn go(&mut self) {
        let dir = self.dir.path();
        let command = format!(
            "'{}' '{}' >>'{}' 2>&1",
            self.program.display(),
            dir.join("pgbouncer.ini").display(),
            self.log().display(),
        );
        self.running = Some(Guarded::start(&command, "KILL", dir, self.owner));
        let until = Instant::now() + Duration::from_secs(60);
        while let Err(error) = TcpStream::connect(("127.0.0.1", self.port)) {
            let log = fs::read_to_string(self.log()).unwrap_or_default();
            assert!(Instant::now() < until, "{error}: {log}");
            std::thread::yield_now();
        }
    }

    /// Ends it as a crash does.
    pub fn stop(&mut self) {
        if let Some(running) = self.running.take() {
            running.stop();
        }
    }

    fn log(&self) -> PathBuf {
        self.dir.path().join("log")
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        self.stop();
        show_after_failure("the pooler", &self.log().display().to_string());
    }
}
