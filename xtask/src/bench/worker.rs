//! The processes of a benchmark: this program again, told by arguments what to
//! do, answering on its standard output.

use std::env;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;
use std::time::Duration;

use name_manager::Pool;
use rustix::fs::{FlockOperation, flock};
use rustix::time::{ClockId, clock_gettime};

use crate::bench::{Result, hooks, uncontended, whatif};

/// Set to the pool's size in workers.
const MAX: &str = "NAME_MANAGER_POOL_BENCH_MAX";
/// The same for the pool with hooks.
const MAX_HOOKED: &str = "NAME_MANAGER_POOL_HOOKED_MAX";

pub struct Worker {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Worker {
    /// Starts a process with its own state directory and a pool of that size.
    pub fn start(state: &Path, max: usize, job: &[&str]) -> Result<Self> {
        let mut child = Command::new(env::current_exe()?)
            .arg("worker")
            .args(job)
            .env("NAME_MANAGER_DIR", state)
            .env("NAME_MANAGER_RUN_ID", "bench")
            .env(MAX, max.to_string())
            .env(MAX_HOOKED, max.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let input = child.stdin.take();
        let output = child.stdout.take().ok_or("no standard output")?;
        Ok(Self {
            child,
            input,
            output: BufReader::new(output),
        })
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Tells the worker to go on.
    pub fn go(&mut self) -> Result<()> {
        let input = self.input.as_mut().ok_or("closed")?;
        input.write_all(b"\n")?;
        Ok(input.flush()?)
    }

    /// The next line of the worker, as numbers.
    pub fn hear(&mut self) -> Result<Vec<u64>> {
        let mut line = String::new();
        if self.output.read_line(&mut line)? == 0 {
            return Err("a worker ended early".into());
        }
        let numbers = line.split_whitespace().map(|word| word.parse());
        Ok(numbers.collect::<std::result::Result<_, _>>()?)
    }

    pub fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        drop(self.input.take());
        // A worker that is blocked does not see its input close.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Nanoseconds by the clock that all processes of the machine share.
pub fn now() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

fn listen() -> Result<bool> {
    Ok(io::stdin().lock().read_line(&mut String::new())? > 0)
}

pub fn say(numbers: &[u64]) -> Result<()> {
    let words: Vec<_> = numbers.iter().map(u64::to_string).collect();
    let mut output = io::stdout().lock();
    writeln!(output, "{}", words.join(" "))?;
    Ok(output.flush()?)
}

pub fn run(job: &[&str]) -> Result<()> {
    match job {
        ["uncontended"] => uncontended::measure(),
        ["hooks"] => hooks::measure(),
        ["hooked-once"] => hooks::once(),
        ["hooked-stays"] => hooks::stays(),
        ["nothing"] => Ok(()),
        ["turns"] => turns(),
        ["flock-turns", path] => flock_turns(Path::new(path)),
        ["leases", count, hold] => leases(count.parse()?, Duration::from_micros(hold.parse()?)),
        ["hold"] => {
            let _lease = Pool::open("bench")?.acquire()?;
            say(&[now()])?;
            listen().map(drop)
        }
        ["suite", threads, from, to] => whatif::suite(threads.parse()?, from.parse()?..to.parse()?),
        _ => Err(format!("no job {job:?}").into()),
    }
}

/// Takes a name whenever told to; says when it had it and, told again, when it
/// began to give it back.
fn turns() -> Result<()> {
    let pool = Pool::open("bench")?;
    say(&[])?;
    while listen()? {
        let lease = pool.acquire()?;
        say(&[now()])?;
        listen()?;
        let start = now();
        lease.release()?;
        say(&[start])?;
    }
    Ok(())
}

/// The same with nothing but the kernel's lock.
fn flock_turns(path: &Path) -> Result<()> {
    let file = File::open(path)?;
    say(&[])?;
    while listen()? {
        flock(&file, FlockOperation::LockExclusive)?;
        say(&[now()])?;
        listen()?;
        let start = now();
        flock(&file, FlockOperation::Unlock)?;
        say(&[start])?;
    }
    Ok(())
}

/// So many leases, each held so long; says of each: asked, granted, given back.
fn leases(count: usize, hold: Duration) -> Result<()> {
    let pool = Pool::open("bench")?;
    let mut times = Vec::with_capacity(3 * count);
    say(&[])?;
    listen()?;
    for _ in 0..count {
        times.push(now());
        let lease = pool.acquire()?;
        times.push(now());
        thread::sleep(hold);
        times.push(now());
        lease.release()?;
    }
    say(&times)
}
