//! How others talk to a keeper: one line of JSON to it, one back.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::keeper::kept::{self, Kept};
use crate::sys::{Listener, Stream};

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

/// Longer lines are cut, and so invalid.
const LONGEST: u64 = 64 << 10;

/// Listens in a directory.
pub fn listen(dir: &Path, id: &str) -> io::Result<Listener> {
    Listener::bind(dir, &kept::socket(id))
}

/// Asks a keeper; `None` if it has ended.
pub fn ask(dir: &Path, kept: &Kept, order: &Order) -> io::Result<Option<Reply>> {
    match ask_once(dir, kept, order) {
        // The keeper did not read the order. If it ended meanwhile, that shows now.
        Err(error) if is_cut_off(&error) => ask_once(dir, kept, order),
        answer => answer,
    }
}

fn is_cut_off(error: &io::Error) -> bool {
    let kind = error.kind();
    kind == io::ErrorKind::ConnectionReset || kind == io::ErrorKind::BrokenPipe
}

fn ask_once(dir: &Path, kept: &Kept, order: &Order) -> io::Result<Option<Reply>> {
    let Some(stream) = Stream::connect(dir, &kept::socket(&kept.id))? else {
        return Ok(None);
    };
    writeln!(&stream, "{}", serde_json::to_string(order)?)?;
    // Without an answer the keeper has ended, and its leases with it.
    Ok(read(&stream)?.and_then(|line| serde_json::from_str(&line).ok()))
}

/// Reads an order; `None` if it makes no sense.
pub fn hear(stream: &Stream) -> io::Result<Option<Order>> {
    Ok(read(stream)?.and_then(|line| serde_json::from_str(&line).ok()))
}

pub fn answer(mut stream: &Stream, reply: &Reply) -> io::Result<()> {
    writeln!(stream, "{}", serde_json::to_string(reply)?)
}

/// One whole line.
pub fn read(from: impl Read) -> io::Result<Option<String>> {
    let mut line = String::new();
    BufReader::new(from.take(LONGEST)).read_line(&mut line)?;
    Ok(line.ends_with('\n').then_some(line))
}
