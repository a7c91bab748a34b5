//! What lies between a machine and the server: a cable with an address at each end, whose
//! packets can be dropped; and for a machine that is far away a process that delays what it
//! passes on.

use std::io::{BufRead, BufReader, Read, Write, stdin};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use super::namespace::Namespace;
use crate::result::Result;

/// What becomes of packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// None comes through.
    Silent,
    /// Those from the machine do not.
    SilentOut,
    /// Those to the machine do not.
    SilentIn,
    /// So many of a hundred do not.
    Lossy(u32),
    /// Whoever sends is told that nobody listens.
    Reset,
    /// The machine knows that it has no cable.
    Unplugged,
}

/// The cable.
#[derive(Debug)]
pub struct Wire {
    /// Ends with its input.
    far: Option<(Child, ChildStdin)>,
    /// The server's address as the machine knows it.
    pub address: String,
}

impl Wire {
    /// Between these, the machine's with this number, one of a site. `far`: with a delay.
    pub fn new(machine: &Namespace, number: usize, server: &Namespace, far: bool) -> Result<Self> {
        let (here, there) = (format!("10.1.{number}.1"), format!("10.1.{number}.2"));
        let own = format!("to{number}");
        server.run(&format!(
            "ip link add {own} type veth peer name eth0 netns {}",
            machine.id()
        ))?;
        server.run(&format!("ip addr add {here}/30 dev {own}"))?;
        server.run(&format!("ip link set {own} up"))?;
        machine.run(&format!("ip addr add {there}/30 dev eth0"))?;
        machine.run("ip link set eth0 up")?;
        let mut wire = Self {
            far: None,
            address: format!("{here}:{}", super::server::PORT),
        };
        if far {
            let port = super::server::PORT + 1;
            wire.address = format!("{here}:{port}");
            let own = std::env::current_exe()?;
            let mut command = server.command(&own.to_string_lossy());
            command
                .args(["delay", &wire.address])
                .stdin(Stdio::piped())
                .stdout(Stdio::piped());
            let mut child = command.spawn()?;
            if let Some(stdout) = child.stdout.take() {
                BufReader::new(stdout).read_line(&mut String::new())?;
            }
            let stdin = child.stdin.take().ok_or("it has an input")?;
            wire.far = Some((child, stdin));
            wire.delay(NORMAL)?;
        }
        Ok(wire)
    }

    pub fn is_far(&self) -> bool {
        self.far.is_some()
    }

    /// So long everything is on its way from now on, each way.
    pub fn delay(&mut self, delay: Duration) -> Result<()> {
        match &mut self.far {
            Some((_, stdin)) => Ok(writeln!(stdin, "{}", delay.as_micros())?),
            None => Err("a machine that is near has no delay".into()),
        }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        if let Some((mut child, stdin)) = self.far.take() {
            drop(stdin);
            // It has nothing else to do.
            let _ = child.wait();
        }
    }
}

/// Of a far machine, each way, if nothing is wrong.
pub const NORMAL: Duration = Duration::from_millis(10);

/// Spoils the wire of this machine.
pub fn spoil(machine: &Namespace, way: Way) -> Result<()> {
    let rules = |chains: &[&str], rule: &str| -> Result<()> {
        chains
            .iter()
            .try_for_each(|chain| machine.run(&format!("iptables -w -A {chain} {rule}")))
    };
    match way {
        Way::Silent => rules(&["OUTPUT", "INPUT"], "-j DROP"),
        Way::SilentOut => rules(&["OUTPUT"], "-j DROP"),
        Way::SilentIn => rules(&["INPUT"], "-j DROP"),
        Way::Lossy(percent) => {
            let rule = format!("-m statistic --mode random --probability 0.{percent:02} -j DROP");
            rules(&["OUTPUT", "INPUT"], &rule)
        }
        Way::Reset => rules(&["OUTPUT"], "-p tcp -j REJECT --reject-with tcp-reset"),
        Way::Unplugged => machine.run("ip link set eth0 down"),
    }
}

/// Mends it.
pub fn mend(machine: &Namespace) -> Result<()> {
    machine.run("iptables -w -F")?;
    machine.run("ip link set eth0 up")
}

/// The process that delays: between this address and the server. A line of its input is a
/// delay in microseconds.
pub fn run(address: &str) -> Result<()> {
    let listener = TcpListener::bind(address)?;
    let delay = Arc::new(AtomicU64::new(0));
    println!("listens");
    let shared = delay.clone();
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let delay = shared.clone();
            thread::spawn(move || {
                let port = super::server::PORT;
                let Ok(server) = TcpStream::connect(("127.0.0.1", port)) else {
                    return;
                };
                join(client, server, &delay);
            });
        }
    });
    for line in stdin().lines() {
        delay.store(line?.parse()?, Ordering::Relaxed);
    }
    Ok(())
}

fn join(client: TcpStream, server: TcpStream, delay: &Arc<AtomicU64>) {
    for (from, to) in [(&client, &server), (&server, &client)] {
        if let (Ok(from), Ok(to)) = (from.try_clone(), to.try_clone()) {
            let delay = delay.clone();
            thread::spawn(move || pass(from, to, &delay));
        }
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, delay: &AtomicU64) {
    let mut bytes = [0; 1 << 14];
    while let Ok(read @ 1..) = from.read(&mut bytes) {
        thread::sleep(Duration::from_micros(delay.load(Ordering::Relaxed)));
        if to.write_all(&bytes[..read]).is_err() {
            break;
        }
    }
    for stream in [from, to] {
        // The other one may have done it.
        let _ = stream.shutdown(Shutdown::Both);
    }
}
