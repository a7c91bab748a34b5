//! One state directory, from its first process to its last, and the verdict.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use std::{env, thread};

use rustix::process::{Pid, Signal, getpid, kill_process, set_child_subreaper};
use torture::history::{self, Event, Line, Writer};
use torture::oracle::{Bounds, Verdict, judge};

use crate::child::{self, Gone};
use crate::result::Result;

/// What the workers of a round do.
#[derive(Clone, Debug)]
pub struct Plan {
    pub seed: u64,
    pub worker: PathBuf,
    pub cli: Option<PathBuf>,
    pub processes: usize,
    pub requests: u64,
    pub threads: u32,
    /// How many of 1000 processes kill themselves.
    pub deaths: u32,
    /// How many of 1000 requests are held for more than a second.
    pub long: u32,
    pub jitter: u32,
    /// Most hold what they get for less than that, in microseconds.
    pub hold: u64,
    /// After this many deaths in a run none of its processes is started again.
    pub kills: usize,
    /// Each run ends after that.
    pub time: Duration,
    /// A waiter that waits for this long is not served at all.
    pub patience: Duration,
    /// If nobody writes anything for this long, all hang.
    pub silence: Duration,
    /// How many of 1000 hooks of pool `frail` fail.
    pub fails: u32,
    /// Name and size of each; `None` if it is unbounded.
    pub pools: Vec<(&'static str, Option<u32>)>,
}

/// The round.
#[derive(Debug)]
pub struct Round {
    pub dir: PathBuf,
    plan: Plan,
    writer: Writer,
    runs: AtomicUsize,
}

/// One run of the round.
#[derive(Debug)]
pub struct Run {
    runner: u32,
    stop: PathBuf,
}

impl Run {
    /// Tells all its processes to end with what they do.
    pub fn stop(&self) -> Result<()> {
        File::create(&self.stop)?;
        Ok(())
    }
}

impl Round {
    /// Makes the directory. This process is the one to which orphans go.
    pub fn new(plan: &Plan) -> Result<Self> {
        set_child_subreaper(Some(getpid()))?;
        let name = format!("name-manager-torture-{}-{}", std::process::id(), plan.seed);
        let dir = env::temp_dir().join(name);
        let histories = dir.join("histories");
        fs::create_dir_all(&histories)?;
        // Its name makes it the runner of all that it starts.
        symlink(env::current_exe()?, dir.join("cargo"))?;
        let writer = Writer::create(&histories, "driver")?;
        for (pool, max) in &plan.pools {
            writer.write(
                0,
                Event::Pool {
                    pool: (*pool).to_owned(),
                    max: max.map(|max| max as usize),
                    hooks: ["life", "frail"].contains(pool),
                    allocator: *pool == "ports",
                },
            );
        }
        Ok(Self {
            dir,
            plan: plan.clone(),
            writer,
            runs: AtomicUsize::new(0),
        })
    }

    /// Starts a runner, whose processes are one run.
    pub fn start(&self, what: &str) -> Result<Run> {
        let number = self.runs.fetch_add(1, Ordering::Relaxed);
        let stop = self.dir.join(format!("stop-{number}"));
        let plan = &self.plan;
        let mut command = Command::new(self.dir.join("cargo"));
        for (key, _) in env::vars_os() {
            let key = key.to_string_lossy().into_owned();
            if key.starts_with("NAME_MANAGER_")
                || key.starts_with("NEXTEST")
                || key.starts_with("CARGO")
            {
                command.env_remove(key);
            }
        }
        let pools = plan.pools.iter().map(|(pool, max)| match max {
            Some(max) => format!("{pool}:{max}"),
            None => format!("{pool}:none"),
        });
        // In the end nothing is to go wrong.
        let probes = what == "probe";
        let of_1000 = |many: u32| if probes { 0 } else { many }.to_string();
        command
            .args(["runner", what])
            .arg(plan.processes.to_string())
            .arg(plan.kills.to_string())
            .arg(&plan.worker)
            .env("TORTURE_SEED", plan.seed.to_string())
            .env("TORTURE_DIR", &self.dir)
            .env("TORTURE_STOP", &stop)
            .env("TORTURE_PATIENCE", plan.patience.as_millis().to_string())
            .env("TORTURE_HOLD", plan.hold.to_string())
            .env("TORTURE_REQUESTS", plan.requests.to_string())
            .env("TORTURE_THREADS", plan.threads.to_string())
            .env("TORTURE_DEATHS", of_1000(plan.deaths))
            .env("TORTURE_FAILS", of_1000(plan.fails))
            .env("TORTURE_LONG", plan.long.to_string())
            .env("TORTURE_JITTER", plan.jitter.to_string())
            .env("TORTURE_POOLS", pools.collect::<Vec<_>>().join(","))
            .env("NAME_MANAGER_DIR", self.dir.join("state"))
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        if let Some(cli) = &plan.cli {
            command.env("TORTURE_CLI", cli);
        }
        let mut errors = File::options();
        let errors = errors.create(true).append(true);
        let errors = errors.open(self.dir.join("stderr"))?;
        command.stderr(errors);
        for (pool, max) in &plan.pools {
            // What an allocator has, it alone knows.
            if let (Some(max), true) = (max, *pool != "ports") {
                let key = format!("NAME_MANAGER_POOL_{}_MAX", pool.to_uppercase());
                command.env(key, max.to_string());
            }
        }
        let runner = child::spawn(&mut command)?;
        Ok(Run { runner, stop })
    }

    /// Kills the runner of a run whose processes go on.
    pub fn kill_runner(&self, run: &Run) {
        self.kills(run.runner, "runner");
        kill(run.runner);
    }

    /// Waits until all processes have ended, their children too.
    pub fn wait(&self) -> Result<()> {
        self.wait_until(None, None).map(drop)
    }

    /// Waits until that run's runner has ended, or until that time. Says whether it
    /// has.
    pub fn wait_for(&self, run: &Run, until: Instant) -> Result<bool> {
        self.wait_until(Some(run.runner.to_string()), Some(until))
    }

    fn wait_until(&self, runner: Option<String>, until: Option<Instant>) -> Result<bool> {
        let mut size = 0;
        let mut since = Instant::now();
        // A process that was asked to stop has a last request at most, of all pools in turn.
        let limit = since + self.plan.time + 5 * self.plan.patience;
        loop {
            match child::next_gone()? {
                Gone::All => return Ok(true),
                Gone::One(process) => {
                    let is_runner = runner.as_ref() == Some(&process);
                    self.writer.write(0, Event::Gone(process));
                    if is_runner {
                        return Ok(true);
                    }
                }
                Gone::None => {
                    let now = Instant::now();
                    if until.is_some_and(|until| now > until) {
                        return Ok(false);
                    }
                    if now > limit {
                        self.end_hang();
                    }
                    if now > since + self.plan.silence {
                        let found = self.size()?;
                        if found == size {
                            self.end_hang();
                        }
                        (size, since) = (found, now);
                    }
                    thread::sleep(Duration::from_millis(1));
                }
            }
        }
    }

    /// How much all have written.
    fn size(&self) -> Result<u64> {
        let mut size = 0;
        for entry in fs::read_dir(self.dir.join("histories"))? {
            size += entry?.metadata()?.len();
        }
        Ok(size)
    }

    fn end_hang(&self) {
        for process in child::below(std::process::id()) {
            self.kills(process, "hang");
            kill(process);
        }
    }

    fn kills(&self, process: u32, why: &str) {
        self.writer.write(
            0,
            Event::Kills {
                process: process.to_string(),
                why: why.to_owned(),
            },
        );
    }

    /// Takes every name, and says what the oracle says of all that happened.
    pub fn judge(&self, bounds: Bounds) -> Result<(Vec<Line>, Verdict)> {
        self.start("probe")?;
        self.wait()?;
        self.writer.write(0, Event::Over);
        let lines = history::read_dir(&self.dir.join("histories"))?;
        let verdict = judge(&lines, bounds);
        Ok((lines, verdict))
    }

    /// Forgets a round in which something may be wrong as it should; with
    /// `TORTURE_KEEP` set its histories stay.
    pub fn forget(self, verdict: &Verdict) -> Result<()> {
        match env::var_os("TORTURE_KEEP") {
            Some(_) if !verdict.violations.is_empty() => {
                eprintln!("histories in {}", self.dir.display());
                Ok(())
            }
            _ => self.remove(),
        }
    }

    /// Forgets a round in which nothing was wrong.
    pub fn remove(self) -> Result<()> {
        Ok(fs::remove_dir_all(&self.dir)?)
    }

    /// What processes said on standard error that nobody expects.
    pub fn errors(&self) -> String {
        let text = fs::read_to_string(self.dir.join("stderr")).unwrap_or_default();
        let lines = text.lines().filter(|line| line.starts_with("torture"));
        lines.take(20).collect::<Vec<_>>().join("\n")
    }

    pub fn path(&self) -> &Path {
        &self.dir
    }
}

/// A child, or what a child has left to this process: nobody else waits for it, so
/// its number is its own.
fn kill(process: u32) {
    if let Some(pid) = i32::try_from(process).ok().and_then(Pid::from_raw) {
        let _ = kill_process(pid, Signal::KILL);
    }
}
