//! One state directory, from its first process to its last, and the verdict.

use std::cell::RefCell;
use std::collections::HashSet;
use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, thread};

use rustix::process::{Pid, Signal, getpid, kill_process, set_child_subreaper};
use torture::history::{self, Event, Line, Writer, in_container, process};
use torture::oracle::{Bounds, Verdict, judge};

use crate::child::{self, Gone};
use crate::container;
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
    /// Whether some of its runs are in containers.
    pub containers: bool,
    /// How many of 1000 hooks of pool `frail` fail.
    pub fails: u32,
    /// Name and size of each; `None` if it is unbounded.
    pub pools: Vec<(&'static str, Option<u32>)>,
}

/// Hooks that are commands, by a shell and without one. What `init` runs goes on for a moment
/// when it is asked to end.
const MANIFEST: &str = r#"
[workspace.metadata.name-manager.pools.tool]
env = { TORTURE_SAID = "it's \"{name}\" \u00fc $HOME `false`  *" }

[workspace.metadata.name-manager.pools.tool.hooks]
setup = '"$TORTURE_WORKER" command'
init = '''
    trap 'sleep 0.03; kill -KILL $hook; exit 1' TERM
    (trap "" TERM; exec "$TORTURE_WORKER" command "$TORTURE_SAID") & hook=$!
    wait $hook
'''
reset = 'exec "$TORTURE_WORKER" command "$TORTURE_SAID"'
cleanup = ["sh", "-c", 'exec "$0" command "$1"', "WORKER", "it's \"{name}\" \u00fc $HOME `false`  *"]
teardown = ["WORKER", "command"]
timeout = "10s"
"#;

/// The round.
#[derive(Debug)]
pub struct Round {
    pub dir: PathBuf,
    plan: Plan,
    writer: Writer,
    runs: RefCell<Vec<Run>>,
    /// Children that have ended.
    gone: RefCell<HashSet<u32>>,
}

/// One run of the round.
#[derive(Clone, Debug)]
pub struct Run {
    /// The child that ends with it: its runner, or what made its container.
    child: u32,
    /// The number of its container.
    container: Option<String>,
    stop: PathBuf,
}

/// Where the processes of a run are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Beside this process.
    Here,
    /// In a container of their own.
    Container,
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
        let worker = fs::canonicalize(&plan.worker)?;
        let worker = worker.to_str().ok_or("the worker's path is no text")?;
        fs::write(
            dir.join("Cargo.toml"),
            MANIFEST.replace("\"WORKER\"", &format!("{worker:?}")),
        )?;
        let writer = Writer::create(&histories, "driver")?;
        for (pool, max) in &plan.pools {
            writer.write(
                0,
                Event::Pool {
                    pool: (*pool).to_owned(),
                    max: max.map(|max| max as usize),
                    hooks: ["life", "frail", "tool"].contains(pool),
                    allocator: *pool == "ports",
                },
            );
        }
        Ok(Self {
            dir,
            plan: plan.clone(),
            writer,
            runs: RefCell::default(),
            gone: RefCell::default(),
        })
    }

    /// Starts a runner, whose processes are one run.
    pub fn start(&self, what: &str, place: Place) -> Result<Run> {
        let number = self.runs.borrow().len();
        let stop = self.dir.join(format!("stop-{number}"));
        let plan = &self.plan;
        let mut command = match place {
            Place::Here => Command::new(self.dir.join("cargo")),
            Place::Container => container::first(&env::current_exe()?),
        };
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
        // Ids decide what processes do, and are the same in each container.
        let seed = match place {
            Place::Here => plan.seed,
            Place::Container => plan.seed ^ ((number as u64) << 48),
        };
        command
            .arg(match place {
                Place::Here => "runner",
                Place::Container => "init",
            })
            .arg(what)
            .arg(plan.processes.to_string())
            .arg(plan.kills.to_string())
            .arg(fs::canonicalize(&plan.worker)?)
            .env("TORTURE_SEED", seed.to_string())
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
            .env("TORTURE_WORKER", fs::canonicalize(&plan.worker)?)
            .env("NAME_MANAGER_DIR", self.dir.join("state"))
            .current_dir(&self.dir)
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        if let Some(cli) = &plan.cli {
            command.env("TORTURE_CLI", fs::canonicalize(cli)?);
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
        let container = (place == Place::Container).then(|| number.to_string());
        if let Some(number) = &container {
            command.env(history::CONTAINER, number);
        }
        let run = Run {
            child: child::spawn(&mut command)?,
            container,
            stop,
        };
        self.runs.borrow_mut().push(run.clone());
        Ok(run)
    }

    /// How many containers there were.
    pub fn containers(&self) -> usize {
        let runs = self.runs.borrow();
        runs.iter().filter(|run| run.container.is_some()).count()
    }

    /// Kills the runner of a run whose processes go on.
    pub fn kill_runner(&self, run: &Run) -> Result<()> {
        let Some(number) = &run.container else {
            self.kills(process(run.child), "runner");
            kill(run.child);
            return Ok(());
        };
        let mut below = child::below(run.child).into_iter();
        let runner = below.find(|pid| child::is_called(*pid, "cargo"));
        if let Some((runner, id)) = runner.and_then(|pid| Some((pid, child::id_inside(pid)?))) {
            self.kills(in_container(number, id), "runner");
            child::kill(runner, &env::current_exe()?);
        }
        Ok(())
    }

    /// Kills all processes of a run that has a container.
    pub fn kill_container(&self, run: &Run) -> Result<()> {
        let first = child::below(run.child).first().copied();
        if let (Some(number), Some(first)) = (&run.container, first) {
            self.kills(in_container(number, 1), "container");
            child::kill(first, &env::current_exe()?);
        }
        Ok(())
    }

    /// Waits until all processes have ended, their children too.
    pub fn wait(&self) -> Result<()> {
        self.wait_until(None, None).map(drop)
    }

    /// Waits until that run's runner has ended, or its container, or until that time. Says
    /// whether it has.
    pub fn wait_for(&self, run: &Run, until: Instant) -> Result<bool> {
        if self.gone.borrow().contains(&run.child) {
            return Ok(true);
        }
        self.wait_until(Some(run.child), Some(until))
    }

    fn wait_until(&self, child: Option<u32>, until: Option<Instant>) -> Result<bool> {
        let mut size = 0;
        let mut since = Instant::now();
        // A process that was asked to stop has a last request at most, of all pools in turn.
        let limit = since + self.plan.time + 5 * self.plan.patience;
        loop {
            match child::next_gone()? {
                Gone::All => return Ok(true),
                Gone::One(id) => {
                    self.has_gone(id);
                    if child == Some(id) {
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

    fn has_gone(&self, id: u32) {
        self.gone.borrow_mut().insert(id);
        let runs = self.runs.borrow();
        let run = runs.iter().find(|run| run.child == id);
        // What made a container ends after the first process there, and that after all others.
        let name = match run.and_then(|run| run.container.as_ref()) {
            Some(number) => in_container(number, 1),
            None => process(id),
        };
        self.writer.write(0, Event::Gone(name));
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
        for run in self.runs.borrow().iter() {
            if let Some(number) = &run.container
                && !self.gone.borrow().contains(&run.child)
            {
                self.kills(in_container(number, 1), "hang");
            }
        }
        for id in child::below(std::process::id()) {
            self.kills(process(id), "hang");
            kill(id);
        }
    }

    fn kills(&self, process: String, why: &str) {
        let why = why.to_owned();
        self.writer.write(0, Event::Kills { process, why });
    }

    /// Takes every name, and says what the oracle says of all that happened.
    pub fn judge(&self, bounds: Bounds) -> Result<(Vec<Line>, Verdict)> {
        self.start("probe", Place::Here)?;
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
fn kill(id: u32) {
    if let Some(pid) = i32::try_from(id).ok().and_then(Pid::from_raw) {
        let _ = kill_process(pid, Signal::KILL);
    }
}
