//! The processes of a benchmark, told by lines what to do, answering with lines
//! of numbers.

use std::env;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::time::{ClockId, clock_gettime};

use crate::result::Result;

/// Set to the pool's size in workers.
const MAX: &str = "NAME_MANAGER_POOL_BENCH_MAX";
/// The same for the pool with hooks.
const MAX_HOOKED: &str = "NAME_MANAGER_POOL_HOOKED_MAX";
/// Beyond any answer that is still to come.
const LIMIT: Duration = Duration::from_secs(100);

pub struct Worker {
    child: Child,
    input: Option<ChildStdin>,
    output: ChildStdout,
    /// Read, but not yet heard.
    buffer: Vec<u8>,
}

impl Worker {
    /// Starts this program again, with its own state directory and a pool of
    /// that size.
    pub fn start(state: &Path, max: usize, job: &[&str]) -> Result<Self> {
        let mut command = Command::new(env::current_exe()?);
        with_state(command.arg("worker").args(job), state, max);
        Self::of(command)
    }

    /// Starts the program of the peers. One that has no pools takes its one lock.
    pub fn peer(
        program: &Path,
        peer: &str,
        state: &Path,
        max: usize,
        job: &[&str],
    ) -> Result<Self> {
        let mut command = Command::new(program);
        with_state(command.arg(peer).args(job), state, max);
        Self::of(command)
    }

    /// Starts this command, which does as workers do.
    pub fn of(mut command: Command) -> Result<Self> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Hundreds that wait long say so.
            .stderr(Stdio::null())
            .spawn()?;
        let input = child.stdin.take();
        let output = child.stdout.take().ok_or("no standard output")?;
        Ok(Self {
            child,
            input,
            output,
            buffer: Vec::new(),
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
        let heard = self.hear_within(LIMIT)?;
        heard.ok_or_else(|| format!("a worker said nothing for {LIMIT:?}").into())
    }

    /// The same; `None` if none comes in that time.
    pub fn hear_within(&mut self, time: Duration) -> Result<Option<Vec<u64>>> {
        let until = Instant::now() + time;
        loop {
            if let Some(end) = self.buffer.iter().position(|&byte| byte == b'\n') {
                let line: Vec<u8> = self.buffer.drain(..=end).collect();
                let line = String::from_utf8(line)?;
                let numbers = line.split_whitespace().map(|word| word.parse().ok());
                let numbers: Option<_> = numbers.collect();
                let said = || format!("a worker said: {}", line.trim());
                return Ok(Some(numbers.ok_or_else(said)?));
            }
            let left = until.saturating_duration_since(Instant::now());
            let mut ready = [PollFd::new(&self.output, PollFlags::IN)];
            if poll(&mut ready, Some(&Timespec::try_from(left)?))? == 0 {
                return Ok(None);
            }
            let mut bytes = [0; 1 << 12];
            match self.output.read(&mut bytes)? {
                0 => return Err("a worker ended early".into()),
                count => self.buffer.extend_from_slice(&bytes[..count]),
            }
        }
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

/// The environment of all processes of one benchmark.
pub fn with_state<'a>(command: &'a mut Command, state: &Path, max: usize) -> &'a mut Command {
    command
        .env("NAME_MANAGER_DIR", state)
        .env("NAME_MANAGER_RUN_ID", "bench")
        .env(MAX, max.to_string())
        .env(MAX_HOOKED, max.to_string())
        // Where serial_test has its lock files.
        .env("TMPDIR", state)
}

/// All of some workers that are ready, told to go on together.
pub fn go_together(workers: &mut [Worker]) -> Result<()> {
    for worker in workers.iter_mut() {
        worker.hear()?;
    }
    for worker in workers {
        worker.go()?;
    }
    Ok(())
}

/// Nanoseconds by the clock that all processes of the machine share.
pub fn now() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

pub fn say(numbers: &[u64]) -> Result<()> {
    let words: Vec<_> = numbers.iter().map(u64::to_string).collect();
    let mut output = std::io::stdout().lock();
    writeln!(output, "{}", words.join(" "))?;
    Ok(output.flush()?)
}
