//! One agent, from its lock to its end.

use std::env;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::os::unix::net;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nm_postgres::{Address, Error, Hint, Surroundings};
use nm_register::Session;
use rustix::fs::{FlockOperation, flock};
use tokio::net::UnixListener;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::LocalSet;
use tokio::time::timeout;

use crate::agent::Agent;
use crate::clients::{self, welcome};
use crate::fault::{fault, of_machine, of_server};
use crate::link::Link;
use crate::locks::Locks;
use crate::wire::{Fault, FaultKind, Greeting};
use crate::{beat, draw, hints, orphans, work};

/// Held by the agent for its life.
const LOCK: &str = "agent.lock";
/// Where it listens.
const SOCKET: &str = "agent.sock";

/// A longer path is no address of a socket on every system.
const LONGEST_PATH: usize = 100;

/// How long an agent that ends may take.
const END: Duration = Duration::from_secs(10);

/// A server that is asked for the first time, and says nothing, is given up after that.
const ANSWER: Duration = Duration::from_secs(30);

/// The name of this machine for people, if its own says nothing.
const HOST: &str = "NAME_MANAGER_HOST";

/// Serves the processes of this machine that find its directory, until nothing has been held,
/// awaited or asked for a minute. One line to `ready` says that it does, or why not: a
/// [`Greeting`].
///
/// Of the address, neither a password nor anything else is written anywhere.
///
/// # Errors
///
/// What was said to `ready`, if it does not serve.
pub fn serve(dir: &Path, address: &str, ready: &mut dyn Write) -> Result<(), Fault> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| of_machine("failed to start the agent", &error));
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(fault) => return Err(refuse(ready, fault)),
    };
    let local = LocalSet::new();
    let served = local.block_on(&runtime, run(dir, address, ready));
    // Nothing that still waits for an answer is of any use.
    drop(local);
    runtime.shutdown_background();
    served
}

fn refuse(ready: &mut dyn Write, fault: Fault) -> Fault {
    // Who started it may be gone.
    let _ = say(ready, &Greeting::Refused(fault.clone()));
    fault
}

fn say(ready: &mut dyn Write, greeting: &Greeting) -> io::Result<()> {
    let text = serde_json::to_string(greeting).expect("its keys are texts");
    ready.write_all(format!("{text}\n").as_bytes())?;
    ready.flush()
}

async fn run(dir: &Path, address: &str, ready: &mut dyn Write) -> Result<(), Fault> {
    let begun = begin(dir, address).await;
    let (_lock, agent, link, hints, listener) = match begun {
        Ok(begun) => begun,
        Err(fault) => return Err(refuse(ready, fault)),
    };
    tokio::task::spawn_local(beat::run(agent.clone(), link.clone()));
    tokio::task::spawn_local(work::run(agent.clone(), link.clone()));
    tokio::task::spawn_local(hints::listen(agent.clone(), link.clone()));
    tokio::task::spawn_local(hints::run(agent.clone(), hints));
    tokio::task::spawn_local(orphans::run(agent.clone()));
    tokio::task::spawn_local(link.clone().keep(agent.clone()));
    tokio::task::spawn_local(clients::accept(agent.clone(), listener));
    let is_born = tokio::select! {
        () = agent.born.notified() => true,
        () = agent.end.notified() => false,
    };
    if !is_born {
        // Under the lock: the next agent's is not removed.
        let _ = fs::remove_file(dir.join(SOCKET));
        let message = format!("{} stopped answering", agent.state().server);
        return Err(refuse(ready, fault(FaultKind::Away, message)));
    }
    let greeting = Greeting::Welcome(welcome(&agent.state()));
    let _ = say(ready, &greeting);
    agent.end.notified().await;
    agent.state().is_ending = true;
    // Under the lock: the next agent's is not removed.
    let _ = fs::remove_file(dir.join(SOCKET));
    let session = agent.state().session;
    if let Some(pair) = link.pair() {
        // Otherwise others declare it dead, when they see it.
        let _ = timeout(END / 2, pair.work.end(session)).await;
    }
    Ok(())
}

type Begun = (File, Agent, Link, UnboundedReceiver<Hint>, UnixListener);

async fn begin(dir: &Path, address: &str) -> Result<Begun, Fault> {
    let lock = lock(dir).await?;
    let address = Address::parse(address, &Surroundings::of_this_process())
        .map_err(|error| of_server(&error))?;
    let session = draw::id().map_err(|error| of_machine("failed to draw a number", &error))?;
    let locks = Locks::new(dir);
    let unusable =
        |error: io::Error| of_machine(format!("failed to use `{}`", dir.display()), &error);
    make_dir(&dir.join("locks")).map_err(unusable)?;
    let server = address.to_string();
    let agent = Agent::new(server.clone(), host(), locks, Session(session));
    let (said, hints) = unbounded_channel();
    let link = answer(&server, Link::open(address, said)).await?;
    if let Some(pair) = link.pair() {
        answer(&server, pair.work.check_tables()).await?;
        let lease = answer(&server, pair.work.lease()).await?;
        // Not before: it removes files, which an agent that does not serve would do for nothing.
        let left = agent.state().locks.sweep().map_err(unusable)?;
        let mut state = agent.state();
        state.set_lease(lease);
        state.left = left;
        state.is_connected = true;
    }
    let listener = listen(dir).map_err(|error| {
        let socket = dir.join(SOCKET);
        of_machine(
            format!("failed to listen at `{}`", socket.display()),
            &error,
        )
    })?;
    Ok((lock, agent, link, hints, listener))
}

/// What the server says to that. Whoever has started the agent waits for it.
async fn answer<T>(
    server: &str,
    question: impl Future<Output = Result<T, Error>>,
) -> Result<T, Fault> {
    match timeout(ANSWER, question).await {
        Ok(answer) => answer.map_err(|error| of_server(&error)),
        Err(_) => {
            let message = format!("{server} did not answer within {ANSWER:?}");
            Err(fault(FaultKind::Away, message))
        }
    }
}

/// The one agent of this directory. One that is about to end is waited for.
async fn lock(dir: &Path) -> Result<File, Fault> {
    make_dir(dir)
        .map_err(|error| of_machine(format!("failed to make `{}`", dir.display()), &error))?;
    let path = dir.join(LOCK);
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(|error| of_machine(format!("failed to open `{}`", path.display()), &error))?;
    let until = Instant::now() + END;
    loop {
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(file),
            Err(rustix::io::Errno::WOULDBLOCK) => {}
            Err(error) => {
                let error = io::Error::from(error);
                return Err(of_machine(
                    format!("failed to lock `{}`", path.display()),
                    &error,
                ));
            }
        }
        let connected =
            short(&dir.join(SOCKET), dir).and_then(|(_dir, path)| net::UnixStream::connect(path));
        let is_served = connected.is_ok();
        if is_served || Instant::now() >= until {
            return Err(fault(
                FaultKind::Agent,
                format!("another agent serves `{}`", dir.display()),
            ));
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn make_dir(dir: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).recursive(true).create(dir)
}

fn listen(dir: &Path) -> io::Result<UnixListener> {
    let path = dir.join(SOCKET);
    // Of an agent that was killed: we have its lock.
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = bind(&path, dir)?;
    fs::set_permissions(&path, Permissions::from_mode(0o600))?;
    listener.set_nonblocking(true)?;
    UnixListener::from_std(listener)
}

/// Binds a socket, whose path may be longer than its address can be.
fn bind(path: &Path, dir: &Path) -> io::Result<net::UnixListener> {
    if cfg!(not(target_os = "linux")) && path.as_os_str().len() > LONGEST_PATH {
        env::set_current_dir(dir)?;
        let listener = net::UnixListener::bind(SOCKET);
        env::set_current_dir("/")?;
        return listener;
    }
    let (_dir, path) = short(path, dir)?;
    net::UnixListener::bind(path)
}

/// A path to the socket that is short enough, as long as the directory is open.
fn short(path: &Path, dir: &Path) -> io::Result<(Option<File>, PathBuf)> {
    if cfg!(not(target_os = "linux")) || path.as_os_str().len() <= LONGEST_PATH {
        return Ok((None, path.to_owned()));
    }
    let dir = File::open(dir)?;
    let path = format!("/proc/self/fd/{}/{SOCKET}", dir.as_raw_fd());
    Ok((Some(dir), path.into()))
}

fn host() -> String {
    let said = env::var(HOST).ok().filter(|host| !host.trim().is_empty());
    said.unwrap_or_else(|| {
        let found = rustix::system::uname();
        found.nodename().to_string_lossy().into_owned()
    })
}
