//! A machine: a network namespace, a directory, an agent, and workers.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::{env, mem};

use rustix::process::Signal;
use torture::history::{Event, Writer, process};

use super::clock;
use super::namespace::Namespace;
use super::processes::{agent, signal};
use super::server::{Server, url};
use super::wire::Wire;
use crate::result::Result;

#[derive(Debug)]
pub struct Machine {
    pub host: String,
    number: usize,
    pub namespace: Namespace,
    pub wire: Wire,
    dir: PathBuf,
    workers: Vec<Child>,
    paused: Vec<u32>,
}

/// What its workers do.
#[derive(Clone, Debug)]
pub struct Job {
    pub seed: u64,
    /// Of the round.
    pub dir: PathBuf,
    pub worker: PathBuf,
    pub cli: PathBuf,
    /// Name and size of each.
    pub pools: Vec<(&'static str, u32)>,
    /// A waiter that waits for this long, in milliseconds, is not served at all.
    pub patience: u64,
}

impl Machine {
    pub fn new(dir: &Path, number: usize, server: &Server, far: bool) -> Result<Self> {
        let host = format!("m{number}");
        let dir = dir.join(&host);
        fs::create_dir(&dir)?;
        let namespace = Namespace::new()?;
        let wire = Wire::new(&namespace, number, &server.namespace, far)?;
        Ok(Self {
            host,
            number,
            namespace,
            wire,
            dir,
            workers: Vec::new(),
            paused: Vec::new(),
        })
    }

    /// Starts a process, which is to do that.
    pub fn start(&mut self, job: &Job, what: &str) -> Result<()> {
        let mut command = self.namespace.command(&job.worker.to_string_lossy());
        for (key, _) in env::vars_os() {
            let key = key.to_string_lossy().into_owned();
            let others = ["NAME_MANAGER_", "NEXTEST", "CARGO", "PG"];
            if others.iter().any(|other| key.starts_with(other)) {
                command.env_remove(key);
            }
        }
        self.env(&mut command, job);
        clock::set(&mut command, self.number);
        let mut errors = File::options();
        let errors = errors.create(true).append(true);
        let errors = errors.open(job.dir.join("stderr"))?;
        command
            .args([what, &self.host])
            .current_dir(&job.dir)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(errors);
        self.workers.push(command.spawn()?);
        Ok(())
    }

    fn env(&self, command: &mut Command, job: &Job) {
        let pools = job.pools.iter().map(|(pool, max)| format!("{pool}:{max}"));
        for none in ["DEATHS", "LONG", "JITTER", "FAILS", "HOLD"] {
            command.env(format!("TORTURE_{none}"), "0");
        }
        command
            .env("TORTURE_SEED", job.seed.to_string())
            .env("TORTURE_DIR", &job.dir)
            .env("TORTURE_STOP", job.dir.join("stop"))
            .env("TORTURE_PATIENCE", job.patience.to_string())
            .env("TORTURE_REQUESTS", u32::MAX.to_string())
            .env("TORTURE_THREADS", "1")
            .env("TORTURE_POOLS", pools.collect::<Vec<_>>().join(","))
            .env("NAME_MANAGER_DIR", &self.dir)
            .env("NAME_MANAGER_HOST", &self.host)
            .env("NAME_MANAGER_PROGRAM", &job.cli)
            .env("NAME_MANAGER_RUN_ID", format!("run-of-{}", self.host))
            .env("NAME_MANAGER_SERVER", url(&self.wire.address));
    }

    /// How many workers it has.
    pub fn workers(&self) -> usize {
        self.workers.len()
    }

    /// Kills a worker.
    pub fn kill_worker(&mut self, at: usize, why: &str, writer: &Writer) -> Result<()> {
        if self.workers.is_empty() {
            return Ok(());
        }
        let at = at % self.workers.len();
        let mut worker = self.workers.swap_remove(at);
        let (process, why) = (process(worker.id()), why.to_owned());
        let kills = Event::Kills {
            process: process.clone(),
            why,
        };
        writer.write(0, kills);
        let killed = worker.kill();
        worker.wait()?;
        killed?;
        writer.write(0, Event::Gone(process));
        Ok(())
    }

    /// Kills its agent, if there is one.
    pub fn kill_agent(&self) {
        signal(&self.agent(), Signal::KILL);
    }

    /// Stops the agent, or a worker, or all.
    pub fn pause(&mut self, ids: Vec<u32>) {
        signal(&ids, Signal::STOP);
        self.paused.extend(ids);
    }

    pub fn go_on(&mut self) {
        signal(&mem::take(&mut self.paused), Signal::CONT);
    }

    pub fn worker(&self, at: usize) -> Vec<u32> {
        let at = at.checked_rem(self.workers.len());
        let worker = at.and_then(|at| self.workers.get(at));
        worker.map(Child::id).into_iter().collect()
    }

    pub fn agent(&self) -> Vec<u32> {
        agent(&self.dir.to_string_lossy()).into_iter().collect()
    }

    pub fn all(&self) -> Vec<u32> {
        let workers = self.workers.iter().map(Child::id);
        self.agent().into_iter().chain(workers).collect()
    }

    /// Whether all of its workers have ended.
    pub fn have_ended(&mut self, writer: &Writer) -> Result<bool> {
        let mut left = Vec::new();
        for mut worker in mem::take(&mut self.workers) {
            match worker.try_wait()? {
                Some(_) => writer.write(0, Event::Gone(process(worker.id()))),
                None => left.push(worker),
            }
        }
        self.workers = left;
        Ok(self.workers.is_empty())
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.go_on();
        for worker in &mut self.workers {
            // It may have ended by itself.
            let _ = worker.kill();
            let _ = worker.wait();
        }
        self.kill_agent();
    }
}
