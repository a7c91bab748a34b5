//! A PostgreSQL of a benchmark's own, and machines that use it. A machine is a directory for
//! its agent.

#[allow(dead_code, reason = "conformance uses the rest")]
#[path = "../../../tests/support/agents.rs"]
mod agents;
#[path = "../../../tests/support/instance.rs"]
mod instance;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use instance::Instance;
use tempfile::TempDir;

use crate::bench::peer;
use crate::bench::worker::Worker;
use crate::build;
use crate::result::Result;

/// The database in which names are lent.
const DATABASE: &str = "names";

pub struct Site {
    server: Instance,
    /// `name-manager`, as users install it.
    program: PathBuf,
    /// This program, with pools of a server.
    worker: PathBuf,
    dir: TempDir,
    counts_statements: bool,
}

impl Site {
    /// `None`, and a message, where there is no PostgreSQL.
    pub fn open() -> Result<Option<Self>> {
        if instance::programs().is_none() {
            return Ok(None);
        }
        let target = build::target()?;
        // Not where this very program is.
        let apart = peer::target().join("server");
        build_into(&target, &["--package", "nm-cli"])?;
        build_into(&apart, &["--package", "xtask", "--features", "server"])?;
        let Some(mut server) = Instance::start() else {
            return Ok(None);
        };
        let module = "pg_stat_statements";
        let is_there = format!("SELECT FROM pg_available_extensions WHERE name = '{module}'");
        let is_there = format!("SELECT count(*) FROM ({is_there}) e");
        let counts_statements = server.sql("postgres", &is_there) == "1";
        if counts_statements {
            let preload = format!("ALTER SYSTEM SET shared_preload_libraries = '{module}'");
            server.sql("postgres", &preload);
            server.stop();
            server.go();
        }
        server.sql("postgres", &format!("CREATE DATABASE {DATABASE}"));
        if counts_statements {
            server.sql(DATABASE, &format!("CREATE EXTENSION {module}"));
        }
        let site = Self {
            program: target.join("release/name-manager"),
            worker: apart.join("release/xtask"),
            dir: TempDir::with_prefix("nm-bench-")?,
            counts_statements,
            server,
        };
        let mut init = Command::new(&site.program);
        init.args(["server", "init"])
            .env("NAME_MANAGER_SERVER", site.address());
        let made = init.output()?;
        match made.status.success() {
            true => Ok(Some(site)),
            false => Err(format!("{init:?}: {}", String::from_utf8_lossy(&made.stderr)).into()),
        }
    }

    fn address(&self) -> String {
        self.server.url("boss", DATABASE)
    }

    /// A project whose pool `bench` has so many names.
    pub fn project(&self, name: &str, names: usize) -> Result<Project<'_>> {
        let dir = self.dir.path().join(name);
        // Projects are looked for as far up as the repository.
        fs::create_dir_all(dir.join(".git"))?;
        let manifest = format!(
            "[package]\nname = \"bench\"\n\n[workspace.metadata.name-manager.pools.bench]\nmax = {names}\nscope = \"server\"\nspace = \"bench/{name}\"\nwait_timeout = \"2m\"\n"
        );
        fs::write(dir.join("Cargo.toml"), manifest)?;
        Ok(Project { site: self, dir })
    }

    /// What `psql` answers in the database of the names.
    pub fn sql(&self, statements: &str) -> String {
        self.server.sql(DATABASE, statements)
    }

    /// Whether hints come to agents that are started from now on. If not, it is as behind a pooler
    /// in transaction mode: they are sent, and get lost.
    pub fn set_hints(&self, come: bool) {
        let path = match come {
            true => "RESET search_path",
            false => "SET search_path = quiet, pg_catalog, public",
        };
        self.sql(&format!(
            "CREATE SCHEMA IF NOT EXISTS quiet; \
             CREATE OR REPLACE FUNCTION quiet.pg_notify(text, text) RETURNS void \
             LANGUAGE plpgsql AS 'BEGIN END'; ALTER DATABASE {DATABASE} {path}"
        ));
    }

    /// How long processors were busy with the server, but for those of its processes that have
    /// ended.
    pub fn busy(&self) -> Result<Duration> {
        let file = Path::new(&self.server.data()).join("postmaster.pid");
        let text = fs::read_to_string(file)?;
        let first: u32 = text.lines().next().unwrap_or_default().parse()?;
        let parent = |pid: &u32| {
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
            // After the name, which may have anything in it.
            let words = stat.rsplit(')').next()?;
            words.split_whitespace().nth(1)?.parse::<u32>().ok()
        };
        let all = fs::read_dir("/proc")?.flatten();
        let all = all.filter_map(|process| process.file_name().to_str()?.parse().ok());
        let its = all.filter(|pid| *pid == first || parent(pid) == Some(first));
        Ok(its.map(busy_of).sum())
    }

    /// How many connections there are to that database.
    pub fn connections(&self) -> Result<u32> {
        let all = format!("SELECT count(*) FROM pg_stat_activity WHERE datname = '{DATABASE}'");
        Ok(self.server.sql("postgres", &all).parse()?)
    }

    /// Statements are counted from now on.
    pub fn count_statements(&self) {
        if self.counts_statements {
            let forget = "SELECT pg_stat_statements_reset()";
            self.sql(forget);
        }
    }

    /// Changes of pools, reads of them, and all other statements but beats; `None` if this server
    /// does not count them.
    pub fn statements(&self) -> Result<Option<[f64; 3]>> {
        if !self.counts_statements {
            return Ok(None);
        }
        let kinds = [
            "query LIKE 'WITH l AS%'",
            "query LIKE '%p.doc, p.line%'",
            "query NOT LIKE 'WITH l AS%' AND query NOT LIKE '%p.doc, p.line%' \
             AND query NOT LIKE '%session SET beat%' AND query NOT LIKE '%pg_stat_statements%'",
        ];
        let sums = kinds.map(|kind| format!("coalesce(sum(calls) FILTER (WHERE {kind}), 0)::text"));
        let counts = self.sql(&format!(
            "SELECT {} FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid \
             WHERE d.datname = current_database()",
            sums.join(" || ' ' || ")
        ));
        let counts: Vec<f64> = counts
            .split(' ')
            .map(str::parse)
            .collect::<std::result::Result<_, _>>()?;
        let [changes, reads, others] = counts[..] else {
            return Err("three kinds of statements have three counts".into());
        };
        Ok(Some([changes, reads, others]))
    }

    /// How long `psql` waits for each of so many of one statement, in microseconds, with 10 ms
    /// between them. By the same kind of connection as agents have.
    pub fn times(&self, statement: &str, count: usize) -> Result<Vec<f64>> {
        let programs = instance::programs().ok_or("PostgreSQL is gone")?;
        let mut psql = Command::new(programs.join("psql"));
        psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d"])
            .arg(self.server.url("boss", "postgres"))
            .env("LC_ALL", "C")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = psql.spawn()?;
        let mut input = child.stdin.take().ok_or("no standard input")?;
        let one = format!("\\timing on\n{statement};\n\\timing off\nSELECT pg_sleep(0.01);\n");
        input.write_all(one.repeat(count).as_bytes())?;
        drop(input);
        let output = child.wait_with_output()?;
        let text = String::from_utf8(output.stdout)?;
        let times = text.lines().filter_map(|line| {
            let millis = line.strip_prefix("Time: ")?.split(' ').next()?;
            Some(millis.parse::<f64>().ok()? * 1e3)
        });
        let times: Vec<_> = times.collect();
        match times.len() == count {
            true => Ok(times),
            false => Err(format!("{statement}: psql told {} of {count} times", times.len()).into()),
        }
    }

    /// What a commit is compared with: a table of one row.
    pub fn make_bare_row(&self) {
        let make = "CREATE TABLE bare (n int NOT NULL); INSERT INTO bare VALUES (0)";
        self.server.sql("postgres", make);
    }
}

/// How long processors were busy with a process: with those of its threads that have not ended.
pub fn busy_of(pid: u32) -> Duration {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter();
    let nanoseconds = threads.flatten().flatten().filter_map(|thread| {
        let stat = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        stat.split_whitespace().next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(nanoseconds.sum())
}

fn build_into(target: &Path, what: &[&str]) -> Result<()> {
    let mut cargo = build::cargo();
    cargo.args(["build", "--quiet", "--release"]).args(what);
    let cargo = cargo.current_dir(peer::repository());
    build::succeed(cargo.env("CARGO_TARGET_DIR", target))
}

/// A project that machines share.
pub struct Project<'a> {
    site: &'a Site,
    dir: PathBuf,
}

impl Project<'_> {
    fn machine(&self, machine: usize) -> PathBuf {
        self.dir.join(format!("ci-{machine}"))
    }

    fn there(&self, program: &Path, machine: usize) -> Command {
        let host = format!("ci-{machine}");
        let mut command = Command::new(program);
        command
            .current_dir(&self.dir)
            .env("CARGO_MANIFEST_DIR", &self.dir)
            .env("NAME_MANAGER_DIR", self.machine(machine))
            .env("NAME_MANAGER_RUN_ID", &host)
            .env("NAME_MANAGER_HOST", host)
            .env("NAME_MANAGER_SERVER", self.site.address())
            .env("NAME_MANAGER_PROGRAM", &self.site.program);
        command
    }

    /// A process on that machine.
    pub fn worker(&self, machine: usize, job: &[&str]) -> Result<Worker> {
        let mut command = self.there(&self.site.worker, machine);
        command.arg("worker").args(job);
        Worker::of(command)
    }

    /// What `name-manager` prints there.
    pub fn name_manager(&self, machine: usize, args: &[&str]) -> Result<Vec<u8>> {
        let mut command = self.there(&self.site.program, machine);
        let output = command.args(args).stdin(Stdio::null()).output()?;
        match output.status.success() {
            true => Ok(output.stdout),
            false => Err(format!("{args:?}: {}", String::from_utf8_lossy(&output.stderr)).into()),
        }
    }

    fn agent(&self, machine: usize) -> Result<u32> {
        let found = agents::find(&self.machine(machine));
        Ok(found.ok_or("the machine has no agent")?)
    }

    /// How long processors were busy with that machine's agent.
    pub fn busy(&self, machine: usize) -> Result<Duration> {
        Ok(busy_of(self.agent(machine)?))
    }

    /// How many files, sockets too, that machine's agent has open.
    pub fn files(&self, machine: usize) -> Result<usize> {
        let pid = self.agent(machine)?;
        Ok(fs::read_dir(format!("/proc/{pid}/fd"))?.count())
    }

    /// Of that machine's agent, kB of memory that are in use.
    pub fn resident(&self, machine: usize) -> Result<f64> {
        let pid = self.agent(machine)?;
        let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.and_then(|line| line.split_whitespace().next());
        Ok(kilobytes.ok_or("no resident size")?.parse()?)
    }
}

impl Drop for Project<'_> {
    fn drop(&mut self) {
        while agents::end(&self.dir) {}
    }
}
