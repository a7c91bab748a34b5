//! Reaches the agent of this machine, and starts it if there is none.

use std::env;
use std::ffi::OsString;
use std::fmt;
#[cfg(target_os = "linux")]
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use nm_os::Dir;

use crate::base::error::{Error, Kind, Result};
use crate::base::json;
use crate::base::text::{printable, seconds};
use crate::config::address::Address;
use crate::local::dir::{check_owner, unusable};
use crate::local::lock::Locked;
use crate::remote::wire::{Fault, FaultKind, Greeting, VERSION, Welcome, hello};
use crate::terms::access::Access;

/// The agent's socket.
const SOCKET: &str = "agent.sock";
/// Locked by the process that starts the agent.
const START: &str = "start.lock";
/// What the agent complains of.
const LOG: &str = "agent.log";
/// A longer log is begun anew.
const LONGEST_LOG: u64 = 1 << 20;
/// The longest path that every system takes for a socket.
#[cfg(target_os = "linux")]
const LONGEST_PATH: usize = 100;
/// The command.
const PROGRAM: &str = "name-manager";

/// So long it may take to greet, or to take what it is told: it does both at once.
const SILENCE: Duration = Duration::from_secs(60);

/// How often an agent that is about to end is given a moment to do so.
const ATTEMPTS: u32 = 20;
const A_MOMENT: Duration = Duration::from_millis(50);

/// What a process must know to reach its agent.
#[derive(Clone)]
pub(crate) struct Agent {
    pub(crate) dir: PathBuf,
    pub(crate) address: Address,
    /// As a variable says.
    pub(crate) program: Option<PathBuf>,
    /// The environment of the agent: read once, since later another thread may change it.
    pub(crate) env: Vec<(OsString, OsString)>,
}

impl fmt::Debug for Agent {
    /// Without the environment, which may have passwords.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Agent").field(&self.dir).finish()
    }
}

/// A connection to an agent that serves.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) stream: UnixStream,
    pub(crate) lines: BufReader<UnixStream>,
    pub(crate) welcome: Welcome,
    /// If we have started it.
    pub(crate) child: Option<Child>,
}

/// Why there is no connection.
#[derive(Debug)]
pub(crate) struct NotServed {
    pub(crate) error: Error,
    /// The server does not answer: a later try may find it back.
    pub(crate) is_away: bool,
}

impl From<Error> for NotServed {
    fn from(error: Error) -> Self {
        Self {
            error,
            is_away: false,
        }
    }
}

impl From<Fault> for NotServed {
    fn from(fault: Fault) -> Self {
        Self {
            is_away: fault.kind == FaultKind::Away,
            error: error_of(fault),
        }
    }
}

/// What a try has come to.
enum Tried {
    Serves(Box<Connection>),
    /// Nobody listens, or who does is about to end.
    Nobody(Option<Fault>),
}

impl Agent {
    pub(crate) fn new(dir: &Path, address: &Address, program: Option<&Path>) -> Self {
        Self {
            dir: dir.to_owned(),
            address: address.clone(),
            program: program.map(Path::to_owned),
            env: env::vars_os().collect(),
        }
    }

    /// A connection to the agent, which is started if there is none.
    pub(crate) fn connect(&self) -> std::result::Result<Connection, NotServed> {
        let dir = Dir::create(&self.dir).map_err(|error| unusable(&self.dir, error))?;
        // Another user's agent is not asked.
        check_owner(&self.dir)?;
        if let Tried::Serves(connection) = self.try_connect()? {
            return Ok(*connection);
        }
        let mut refused = None;
        for _ in 0..ATTEMPTS {
            let path = self.dir.join(START);
            let failed = |error| unusable(&path, error);
            let start = dir.file(START).map_err(failed)?;
            let _start = Locked::lock(start, Access::Exclusive).map_err(failed)?;
            // Somebody else may have started it while we waited.
            if let Tried::Serves(connection) = self.try_connect()? {
                return Ok(*connection);
            }
            let (child, greeting) = self.start(&dir)?;
            match greeting {
                Greeting::Welcome(_) => match self.try_connect()? {
                    Tried::Serves(mut connection) => {
                        connection.child = Some(child);
                        return Ok(*connection);
                    }
                    Tried::Nobody(fault) => refused = fault,
                },
                Greeting::Refused(fault) if fault.kind == FaultKind::Agent => {
                    refused = Some(fault);
                }
                Greeting::Refused(fault) => return Err(fault.into()),
            }
            thread::sleep(A_MOMENT);
        }
        Err(match refused {
            Some(fault) => fault.into(),
            None => Error::new(
                Kind::Io,
                format!(
                    "the agent for NAME_MANAGER_SERVER was started, but nobody listens at `{}`; `{}` may say why",
                    self.dir.join(SOCKET).display(),
                    self.dir.join(LOG).display()
                ),
            )
            .into(),
        })
    }

    fn try_connect(&self) -> Result<Tried> {
        let path = self.dir.join(SOCKET);
        let failed = |error| unusable(&path, error);
        let stream = match self.socket() {
            Err(error) if is_nobody(&error) => return Ok(Tried::Nobody(None)),
            stream => stream.map_err(failed)?,
        };
        let mut lines = BufReader::new(stream.try_clone().map_err(failed)?);
        let mut line = Vec::new();
        // These fail, on some systems, if the other end is gone: what follows sees that.
        let _ = stream.set_read_timeout(Some(SILENCE));
        let _ = stream.set_write_timeout(Some(SILENCE));
        let greeted = (&stream)
            .write_all(format!("{}\n", hello()).as_bytes())
            .and_then(|()| lines.read_until(b'\n', &mut line));
        match greeted {
            // It ended.
            Err(error) if is_nobody(&error) => return Ok(Tried::Nobody(None)),
            Ok(0) => return Ok(Tried::Nobody(None)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                return Err(no_answer(SILENCE));
            }
            greeted => greeted.map_err(failed)?,
        };
        let _ = stream.set_read_timeout(None);
        match json::from_slice(&line) {
            Some(Greeting::Welcome(welcome)) if welcome.v == VERSION => {
                Ok(Tried::Serves(Box::new(Connection {
                    stream,
                    lines,
                    welcome,
                    child: None,
                })))
            }
            Some(Greeting::Refused(fault)) if fault.kind == FaultKind::Agent => {
                Ok(Tried::Nobody(Some(fault)))
            }
            Some(Greeting::Refused(fault)) => Err(error_of(fault)),
            _ => Err(Error::new(
                Kind::FormatTooNew,
                format!(
                    "the agent at `{}` is of another version of name-manager; install the same version of nm-cli and of the library, or wait until the other's tests are over",
                    path.display()
                ),
            )),
        }
    }

    /// A stream to the agent's socket, however long its path is.
    fn socket(&self) -> io::Result<UnixStream> {
        let path = self.dir.join(SOCKET);
        #[cfg(target_os = "linux")]
        if path.as_os_str().len() > LONGEST_PATH {
            use std::os::fd::AsRawFd;
            let dir = File::open(&self.dir)?;
            return UnixStream::connect(format!("/proc/self/fd/{}/{SOCKET}", dir.as_raw_fd()));
        }
        UnixStream::connect(path)
    }

    /// Starts it, and waits for its greeting.
    fn start(&self, dir: &Dir) -> Result<(Child, Greeting)> {
        let program = self.program()?;
        let log_path = self.dir.join(LOG);
        let failed = |error| unusable(&log_path, error);
        let log = dir.log(LOG).map_err(failed)?;
        let written = log.metadata().map_err(failed)?.len();
        let written = match written > LONGEST_LOG {
            true => {
                log.set_len(0).map_err(failed)?;
                0
            }
            false => written,
        };
        let mut child = Command::new(&program)
            .arg("agent")
            .arg("--dir")
            .arg(&self.dir)
            .env_clear()
            .envs(self.env.iter().map(|(key, value)| (key, value)))
            .env("NAME_MANAGER_SERVER", self.address.as_str())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .map_err(|error| {
                Error::io(
                    format!(
                        "failed to start `{} agent`, which speaks with the server for this machine",
                        program.display()
                    ),
                    error,
                )
            })?;
        let mut line = Vec::new();
        if let Some(output) = child.stdout.take() {
            // What it says is for us to judge, whatever the pipe's end.
            let _ = BufReader::new(output).read_until(b'\n', &mut line);
        }
        match json::from_slice(&line) {
            // It ends; a reaper that tries for hours is not to keep what is left of each.
            Some(greeting @ Greeting::Refused(_)) => {
                let _ = child.wait();
                Ok((child, greeting))
            }
            Some(greeting) => Ok((child, greeting)),
            None => {
                let ended = match child.wait() {
                    Ok(status) => format!("it ended with {status}"),
                    Err(error) => format!("its end is unknown: {error}"),
                };
                Err(Error::new(
                    Kind::Io,
                    format!(
                        "`{} agent` did not say that it serves: {ended}{}; expected nm-cli {} with its feature `server`",
                        program.display(),
                        last_words(&log_path, written),
                        env!("CARGO_PKG_VERSION")
                    ),
                ))
            }
        }
    }

    fn program(&self) -> Result<PathBuf> {
        if let Some(program) = &self.program {
            return Ok(program.clone());
        }
        let var = |wanted: &str| {
            let mut env = self.env.iter();
            let found = env.find(|(key, _)| key == wanted);
            found.map(|(_, value)| value.clone())
        };
        let path = var("PATH").unwrap_or_default();
        let in_path = env::split_paths(&path).map(|dir| dir.join(PROGRAM));
        let home = var("CARGO_HOME").map(PathBuf::from).or_else(|| {
            let home = var("HOME").map(PathBuf::from);
            home.map(|home| home.join(".cargo"))
        });
        let installed = home.map(|home| home.join("bin").join(PROGRAM));
        let mut all = in_path.chain(installed);
        all.find(|path| path.is_file()).ok_or_else(|| {
            Error::config(format!(
                "found no program `{PROGRAM}`, which speaks with the server for this machine, neither in PATH nor in ~/.cargo/bin; install it (cargo install nm-cli), or set NAME_MANAGER_PROGRAM to its path"
            ))
        })
    }
}

/// The last line that it complained in since then: `: no such file`.
fn last_words(log: &Path, since: u64) -> String {
    let text = nm_os::read_regular(log).unwrap_or_default();
    let text = text.get(since as usize..).unwrap_or_default();
    let text = String::from_utf8_lossy(text);
    match text.lines().rev().find(|line| !line.trim().is_empty()) {
        Some(line) => format!(": {}", printable(line)),
        None => String::new(),
    }
}

/// Whether this means that nobody listens.
fn is_nobody(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::BrokenPipe
    )
}

/// An agent does not answer.
pub(crate) fn no_answer(after: Duration) -> Error {
    Error::new(
        Kind::Io,
        format!(
            "the agent that speaks with the server for this machine has not answered for {}; it is `name-manager agent`: end it if it hangs, another one takes its place",
            seconds(after)
        ),
    )
}

/// What an agent complains of.
pub(crate) fn error_of(fault: Fault) -> Error {
    let kind = match fault.kind {
        FaultKind::Config => Kind::Config,
        FaultKind::Server | FaultKind::Away | FaultKind::Agent => Kind::Io,
    };
    let error = Error::new(kind, printable(&fault.message));
    match fault.causes.is_empty() {
        true => error,
        false => error.because(printable(&fault.causes.join(": "))),
    }
}
