//! How others talk to a keeper: one line of JSON to it, one back.

use std::env;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::keeper::kept::{self, Kept};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ask {
    #[serde(rename = "release")]
    Release,
    #[serde(rename = "keep-alive")]
    KeepAlive,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Order {
    pub ask: Ask,
    pub name: String,
    pub token: Option<String>,
    /// The caller, for people.
    pub by: String,
    pub force: bool,
    pub dirty: bool,
    /// In milliseconds.
    pub ttl: Option<u64>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Reply {
    /// An exit code.
    pub code: u8,
    pub message: String,
}

/// A silent caller blocks a keeper no longer than this.
const PATIENCE: Duration = Duration::from_secs(1);
/// Longer lines are cut, and so invalid.
const LONGEST: u64 = 64 << 10;

/// Listens in a directory. Changes the current directory for it: the path of a
/// socket must not be longer than some hundred bytes, and this one may.
pub fn listen(dir: &Path, id: &str) -> io::Result<UnixListener> {
    env::set_current_dir(dir)?;
    UnixListener::bind(kept::socket(id))
}

/// Asks a keeper; `None` if it has ended.
pub fn ask(dir: &Path, kept: &Kept, order: &Order) -> io::Result<Option<Reply>> {
    env::set_current_dir(dir)?;
    match ask_once(kept, order) {
        // The keeper did not read the order. If it ended meanwhile, that shows now.
        Err(error) if is_cut_off(&error) => ask_once(kept, order),
        answer => answer,
    }
}

fn is_cut_off(error: &io::Error) -> bool {
    let kind = error.kind();
    kind == io::ErrorKind::ConnectionReset || kind == io::ErrorKind::BrokenPipe
}

fn ask_once(kept: &Kept, order: &Order) -> io::Result<Option<Reply>> {
    let mut stream = match UnixStream::connect(kept::socket(&kept.id)) {
        Ok(stream) => stream,
        Err(error) => {
            return match error.kind() {
                io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound => Ok(None),
                _ => Err(error),
            };
        }
    };
    // A keeper that was stopped does not answer.
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    writeln!(stream, "{}", serde_json::to_string(order)?)?;
    // Without an answer the keeper has ended, and its leases with it.
    Ok(read(&stream)?.and_then(|line| serde_json::from_str(&line).ok()))
}

/// Reads an order; `None` if it makes no sense.
pub fn hear(stream: &UnixStream) -> io::Result<Option<Order>> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(read(stream)?.and_then(|line| serde_json::from_str(&line).ok()))
}

pub fn answer(mut stream: &UnixStream, reply: &Reply) -> io::Result<()> {
    writeln!(stream, "{}", serde_json::to_string(reply)?)
}

/// One whole line.
pub fn read(from: impl Read) -> io::Result<Option<String>> {
    let mut line = String::new();
    BufReader::new(from.take(LONGEST)).read_line(&mut line)?;
    Ok(line.ends_with('\n').then_some(line))
}

/// The process at the other end, if the system knows it.
#[cfg(target_os = "linux")]
pub fn peer(stream: &UnixStream) -> Option<u32> {
    let peer = rustix::net::sockopt::socket_peercred(stream).ok()?;
    u32::try_from(peer.pid.as_raw_nonzero().get()).ok()
}

#[cfg(not(target_os = "linux"))]
pub fn peer(_stream: &UnixStream) -> Option<u32> {
    None
}
