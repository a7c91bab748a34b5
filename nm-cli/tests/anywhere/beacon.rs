//! Processes that show whether they live: by a connection to the test.

use std::env;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::time::Duration;

const ADDRESS: &str = "BEACON_ADDRESS";
const ROLE: &str = "BEACON_ROLE";

/// Where they come to.
pub struct Beacon {
    listener: TcpListener,
}

/// One of them, that came.
pub struct Live {
    pub role: String,
    pub pid: u32,
    stream: BufReader<TcpStream>,
}

impl Beacon {
    pub fn new() -> Self {
        Self {
            listener: TcpListener::bind("127.0.0.1:0").unwrap(),
        }
    }

    /// What those that are started with it need to know.
    pub fn env(&self) -> (&'static str, String) {
        (ADDRESS, self.listener.local_addr().unwrap().to_string())
    }

    /// The next one, waiting for it.
    pub fn next(&self) -> Live {
        let (stream, _) = self.listener.accept().unwrap();
        Live::of(stream)
    }

    /// The one that has come by now, if one has.
    pub fn by_now(&self) -> Option<Live> {
        self.listener.set_nonblocking(true).unwrap();
        let came = self.listener.accept();
        self.listener.set_nonblocking(false).unwrap();
        came.ok().map(|(stream, _)| Live::of(stream))
    }
}

impl Live {
    fn of(stream: TcpStream) -> Self {
        stream.set_nonblocking(false).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(100)))
            .unwrap();
        let mut stream = BufReader::new(stream);
        let mut line = String::new();
        stream.read_line(&mut line).unwrap();
        let (role, pid) = line.trim_end().split_once(' ').unwrap_or(("nobody", "0"));
        Self {
            role: role.to_owned(),
            pid: pid.parse().unwrap(),
            stream,
        }
    }

    /// Lets it go on.
    pub fn tell(&mut self) {
        self.stream.get_mut().write_all(b"\n").unwrap();
    }

    /// Waits for its end.
    pub fn ends(&mut self) {
        match self.stream.read(&mut [0]) {
            Ok(0) => {}
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => {}
            other => panic!("{} (pid {}) goes on: {other:?}", self.role, self.pid),
        }
    }
}

/// The words that run this program in a role.
pub fn words() -> Vec<String> {
    let own = env::current_exe().unwrap();
    let words = [
        own.to_str().unwrap(),
        "beacon::part",
        "--exact",
        "--ignored",
        "--nocapture",
    ];
    words.map(str::to_owned).to_vec()
}

/// The role of what is started with it: `command` has a child, `child`, and waits to be told;
/// so does `hook`, the first time.
pub fn role(role: &str) -> (&'static str, String) {
    (ROLE, role.to_owned())
}

#[test]
#[ignore = "started by the other tests"]
fn part() {
    let role = env::var("NAME_MANAGER_HOOK").or_else(|_| env::var(ROLE));
    let role = role.unwrap();
    if role == "command" || role == "init" {
        start_child();
    }
    let address = env::var(ADDRESS).unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    writeln!(stream, "{role} {}", std::process::id()).unwrap();
    let told = stream.read(&mut [0]);
    assert!(matches!(told, Ok(1)), "{role}: {told:?}");
    if env::var("BEACON_FAILS").is_ok() {
        panic!("as the test wants");
    }
}

/// One that nobody waits for.
#[expect(clippy::zombie_processes, reason = "it outlives us")]
fn start_child() {
    let words = words();
    let mut child = Command::new(&words[0]);
    child
        .args(&words[1..])
        .env(ROLE, "child")
        .env_remove("NAME_MANAGER_HOOK")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    child.spawn().unwrap();
}
