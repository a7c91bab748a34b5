//! Starts the processes of one run, kills some, and starts others in their place.
//!
//! Runs under the name `cargo`, which is what makes it a runner to the library.

use std::collections::HashSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use fastrand::Rng;
use torture::history::{Event, Writer, process};

use crate::{Result, child};

/// `WHAT PROCESSES KILLS WORKER`.
pub fn run(job: &[&str]) -> Result<()> {
    let [what, processes, kills, worker] = job else {
        return Err(format!("no runner's job: {job:?}").into());
    };
    let dir: PathBuf = env::var("TORTURE_DIR")?.into();
    let histories = dir.join("histories");
    let seed: u64 = env::var("TORTURE_SEED")?.parse()?;
    let mut runner = Runner {
        writer: Writer::create(&histories, "runner")?,
        histories,
        stop: env::var("TORTURE_STOP")?.into(),
        random: Rng::with_seed(seed ^ u64::from(std::process::id())),
        worker: fs::canonicalize(worker)?,
        kills: kills.parse()?,
        deaths: 0,
        killed: HashSet::new(),
    };
    match *what {
        "probe" => runner.crowd(&["probe"], false),
        "work" => {
            let mut roles = vec!["work"; processes.parse()?];
            if env::var_os("TORTURE_CLI").is_some() {
                roles.push("client");
            }
            runner.crowd(&roles, true)
        }
        _ => Err(format!("no runner's job: {job:?}").into()),
    }
}

struct Runner {
    writer: Writer,
    histories: PathBuf,
    stop: PathBuf,
    random: Rng,
    worker: PathBuf,
    /// That many deaths are enough.
    kills: usize,
    deaths: usize,
    killed: HashSet<u32>,
}

impl Runner {
    fn crowd(&mut self, roles: &[&'static str], again: bool) -> Result<()> {
        let mut crowd = Vec::new();
        for role in roles {
            crowd.push((*role, self.start(role)?));
        }
        let again = again && self.kills > 0;
        while !crowd.is_empty() {
            let mut at = 0;
            while at < crowd.len() {
                let (role, child) = &mut crowd[at];
                let Some(status) = child.try_wait()? else {
                    at += 1;
                    continue;
                };
                let role = *role;
                self.writer.write(0, Event::Gone(process(child.id())));
                self.deaths += usize::from(status.code().is_none());
                crowd.swap_remove(at);
                if again && !self.is_enough() {
                    let child = self.start(role)?;
                    crowd.push((role, child));
                }
            }
            if again && !self.is_enough() && self.random.u32(0..10) == 0 {
                self.kill(&mut crowd)?;
            }
            if again && self.is_enough() && !self.stop.exists() {
                fs::write(&self.stop, "")?;
            }
            thread::sleep(Duration::from_micros(self.random.u64(200..2000)));
        }
        Ok(())
    }

    fn is_enough(&self) -> bool {
        self.deaths + self.killed.len() >= self.kills || self.stop.exists()
    }

    fn start(&self, role: &str) -> Result<Child> {
        let mut command = Command::new(&self.worker);
        command.arg(role).stdin(Stdio::null());
        Ok(command.spawn()?)
    }

    /// Kills somebody, whatever it is at.
    fn kill(&mut self, crowd: &mut [(&str, Child)]) -> Result<()> {
        if self.random.u32(0..100) < 6 {
            return self.kill_reaper();
        }
        let mut at = self.random.usize(0..crowd.len());
        // Left to chance, some would hardly ever be hit.
        let wanted: &[&str] = match self.random.u32(0..100) {
            0..28 => &[" granted "],
            28..56 => &[" waits ", " first ", " blocks ", " reserved "],
            _ => &[],
        };
        if !wanted.is_empty() {
            let is_at = |at: &usize| self.is_at(crowd[*at].1.id(), wanted);
            let found: Vec<_> = (0..crowd.len()).filter(is_at).collect();
            at = self.random.choice(found).unwrap_or(at);
        }
        let (role, child) = &mut crowd[at];
        // The client kills for itself. A child not waited for yet keeps its number.
        if *role == "work" && child.try_wait()?.is_none() {
            self.writer.write(
                0,
                Event::Kills {
                    process: process(child.id()),
                    why: "random".to_owned(),
                },
            );
            child.kill()?;
        }
        Ok(())
    }

    /// Whether a worker's last line is one of these events.
    fn is_at(&self, id: u32, events: &[&str]) -> bool {
        let path = self.histories.join(process(id) + ".worker.history");
        let text = fs::read_to_string(path).unwrap_or_default();
        let last = text.lines().next_back().unwrap_or_default();
        events.iter().any(|event| last.contains(event))
    }

    fn kill_reaper(&mut self) -> Result<()> {
        let Some(reaper) = reapers(&self.histories)?
            .into_iter()
            .find(|reaper| !self.killed.contains(reaper))
        else {
            return Ok(());
        };
        self.killed.insert(reaper);
        self.writer.write(
            0,
            Event::Kills {
                process: process(reaper),
                why: "random".to_owned(),
            },
        );
        child::kill(reaper, &self.worker);
        Ok(())
    }
}

/// The processes that have written a reaper's history, of those that have an id here.
fn reapers(histories: &Path) -> Result<Vec<u32>> {
    let mut reapers = Vec::new();
    for entry in fs::read_dir(histories)? {
        let name = entry?.file_name();
        let name = name.to_string_lossy();
        if let Some(reaper) = name.strip_suffix(".reaper.history") {
            let id = reaper.rsplit_once('-').map_or(reaper, |(_, id)| id);
            let id = id.parse()?;
            if process(id) == reaper {
                reapers.push(id);
            }
        }
    }
    Ok(reapers)
}
