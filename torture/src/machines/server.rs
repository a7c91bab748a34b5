//! A PostgreSQL of the torture's own, in a network namespace of its own.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use fastrand::Rng;
use rustix::process::Signal;
use torture::history;

use super::namespace::Namespace;
use super::processes::{children, signal};
use crate::result::Result;

pub const PORT: u16 = 5432;

/// What it is told. A kill loses nothing that was written: the kernel goes on. A connection
/// whose other end is gone is not to be kept for hours, or there would soon be too many.
const SETTINGS: &str = "-c max_connections=200 -c fsync=off -c tcp_keepalives_idle=20 \
                        -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3";

/// Writes down what it does.
const WATCH: &str = include_str!("watch.sql");

/// Nothing takes it longer to come up, or to go.
const LONG: Duration = Duration::from_secs(120);

/// Runs until it drops, or this process ends in whatever way.
#[derive(Debug)]
pub struct Server {
    pub namespace: Namespace,
    programs: PathBuf,
    user: (u32, u32),
    dir: PathBuf,
    running: Option<(Child, ChildStdin)>,
    paused: Vec<u32>,
    /// Its own history, and the number of the first line that is not in it.
    history: (String, u64),
}

/// Where PostgreSQL is.
pub fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut dirs: Vec<_> = std::env::split_paths(&path).collect();
    let installed = fs::read_dir("/usr/lib/postgresql");
    let installed = installed.into_iter().flatten().flatten();
    dirs.extend(installed.map(|entry| entry.path().join("bin")));
    let all = ["initdb", "postgres", "psql"];
    let mut dirs = dirs.into_iter();
    dirs.find(|dir| all.iter().all(|program| dir.join(program).is_file()))
}

impl Server {
    /// In this directory, with the tables, and a lease of so many seconds.
    pub fn new(dir: &Path, cli: &Path, lease: u64) -> Result<Self> {
        fs::create_dir(dir)?;
        let user = ordinary_user()?;
        chown(dir, Some(user.0), Some(user.1))?;
        let mut server = Self {
            namespace: Namespace::new()?,
            programs: programs().ok_or("found no PostgreSQL")?,
            user,
            dir: dir.to_owned(),
            running: None,
            paused: Vec::new(),
            history: (String::new(), 0),
        };
        let mut initdb = server.command("initdb");
        initdb
            .args(["--no-sync", "--auth=trust", "--encoding=UTF8"])
            .args(["--username=boss", "--pgdata"])
            .arg(dir.join("data"));
        succeed(&mut initdb)?;
        let rules = "local all all trust\nlocal replication all trust\nhost all all all trust\n";
        fs::write(dir.join("data/pg_hba.conf"), rules)?;
        server.start()?;
        server.sql("postgres", "CREATE DATABASE ci")?;
        let mut init = server.namespace.command(&cli.to_string_lossy());
        init.args(["server", "init", "--lease", &format!("{lease}s")])
            .env("NAME_MANAGER_SERVER", url(&format!("127.0.0.1:{PORT}")));
        succeed(&mut init)?;
        server.sql("ci", WATCH)?;
        Ok(server)
    }

    /// Starts it, and returns when it answers.
    pub fn start(&mut self) -> Result<()> {
        let script = format!(
            "exec >>'{dir}/log' 2>&1; \
             '{}' -D '{dir}/data' -p {PORT} -h '*' -k '{dir}' {SETTINGS} & \
             read word; kill -QUIT $!; wait $!",
            self.programs.join("postgres").display(),
            dir = self.dir.display(),
        );
        let mut shell = Command::new("nsenter");
        shell
            .args(["--target", &self.namespace.id().to_string(), "--net"])
            .args(["--setuid", &self.user.0.to_string()])
            .args(["--setgid", &self.user.1.to_string()])
            .args(["--", "sh", "-c", &script])
            .current_dir(&self.dir)
            .stdin(Stdio::piped());
        let mut shell = shell.spawn()?;
        let pipe = shell.stdin.take().ok_or("it has an input")?;
        self.running = Some((shell, pipe));
        self.until_it_answers()
    }

    pub fn until_it_answers(&self) -> Result<()> {
        let until = Instant::now() + LONG;
        while let Err(error) = self.sql("postgres", "SELECT") {
            if Instant::now() > until {
                return Err(error);
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Ends it as a crash of its machine does: all of its processes at once.
    pub fn kill(&mut self) -> Result<()> {
        let all = self.stop_all()?;
        signal(&all, Signal::KILL);
        self.wait()
    }

    /// Ends it as its administrator does: connections are closed, nothing is forgotten.
    pub fn stop(&mut self) -> Result<()> {
        signal(&[self.id()?], Signal::INT);
        self.wait()
    }

    /// It does nothing, and its connections stay.
    pub fn pause(&mut self) -> Result<()> {
        self.paused = self.stop_all()?;
        Ok(())
    }

    pub fn go_on(&mut self) {
        signal(&self.paused, Signal::CONT);
        self.paused.clear();
    }

    /// Kills one of the processes that serve connections: it ends all others, and recovers.
    pub fn kill_backend(&self, random: &mut Rng) -> Result<()> {
        let text = "SELECT pid FROM pg_stat_activity \
                    WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";
        let ids = self.sql("ci", text)?;
        let ids: Vec<u32> = ids.lines().filter_map(|id| id.parse().ok()).collect();
        if let Some(id) = random.choice(&ids) {
            signal(&[*id], Signal::KILL);
        }
        Ok(())
    }

    /// Closes all connections of agents.
    pub fn end_connections(&self) -> Result<()> {
        let text = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                    WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";
        self.sql("ci", text).map(drop)
    }

    /// Somebody else has the rows of all pools for so long.
    pub fn lock_pools(&self, time: Duration) -> Result<Child> {
        let text = format!(
            "BEGIN; SELECT FROM name_manager.pool FOR UPDATE; SELECT pg_sleep({})",
            time.as_secs_f32()
        );
        let mut psql = self.psql("ci");
        psql.args(["-c", &text]);
        Ok(psql.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?)
    }

    /// Copies what it has.
    pub fn copy(&self) -> Result<()> {
        let mut copy = self.command("pg_basebackup");
        copy.arg("-h")
            .arg(&self.dir)
            .args(["-p", &PORT.to_string()]);
        copy.args(["-U", "boss", "-c", "fast", "--no-sync", "-D"]);
        succeed(copy.arg(self.dir.join("copy")))
    }

    /// The copy takes its place, which lacks what it has done since, and acknowledged: a
    /// standby that was behind. At the moment at which it forgets it calls that.
    pub fn forget(&mut self, forgets: impl FnOnce()) -> Result<()> {
        // Nobody may see what would not be in its history.
        for chain in ["INPUT", "OUTPUT"] {
            self.namespace
                .run(&format!("iptables -w -A {chain} -p tcp -j DROP"))?;
        }
        thread::sleep(Duration::from_millis(100));
        self.read_history()?;
        self.kill()?;
        forgets();
        let (data, copy) = (self.dir.join("data"), self.dir.join("copy"));
        fs::remove_dir_all(&data)?;
        fs::rename(copy, data)?;
        self.start()?;
        // The copy's own lines were read before.
        let next = self.sql("ci", "SELECT coalesce(max(n), 0) + 1 FROM torture.seen")?;
        self.history.1 = next.parse()?;
        self.namespace.run("iptables -w -F")
    }

    /// What has happened since this was asked last.
    pub fn take_history(&mut self) -> Result<String> {
        self.read_history()?;
        Ok(std::mem::take(&mut self.history.0))
    }

    fn read_history(&mut self) -> Result<()> {
        let text = format!(
            "SELECT n, (extract(epoch FROM at) * 1000000)::bigint, what \
             FROM torture.seen WHERE n >= {} ORDER BY n",
            self.history.1
        );
        let wall = SystemTime::now().duration_since(UNIX_EPOCH)?;
        // Both clocks are those of this machine.
        let offset = wall.as_nanos() as i128 - i128::from(history::now());
        for line in self.sql("ci", &text)?.lines() {
            let mut parts = line.splitn(3, '|');
            let mut part = || parts.next().ok_or("a line of three parts");
            let (n, at, what) = (part()?, part()?, part()?);
            let at = (at.parse::<i128>()? * 1000 - offset).max(0);
            let (lines, next) = &mut self.history;
            lines.push_str(&format!("{at} server.0 {what}\n"));
            *next = n.parse::<u64>()? + 1;
        }
        Ok(())
    }

    /// What `psql` answers as the owner of everything. Not over the network.
    pub fn sql(&self, database: &str, statements: &str) -> Result<String> {
        let mut psql = self.psql(database);
        let output = psql.args(["-c", statements]).output()?;
        match output.status.success() {
            true => Ok(String::from_utf8(output.stdout)?.trim().to_owned()),
            false => Err(String::from_utf8_lossy(&output.stderr).into_owned().into()),
        }
    }

    fn psql(&self, database: &str) -> Command {
        let mut psql = self.command("psql");
        psql.arg("-h")
            .arg(&self.dir)
            .args(["-p", &PORT.to_string()]);
        psql.args(["-U", "boss", "-d", database, "-XqAt"]);
        psql.args(["-v", "ON_ERROR_STOP=1"]).stdin(Stdio::null());
        psql
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command.uid(self.user.0).gid(self.user.1);
        command.current_dir(&self.dir);
        command
    }

    /// Its first process.
    fn id(&self) -> Result<u32> {
        let text = fs::read_to_string(self.dir.join("data/postmaster.pid"))?;
        let id = text.lines().next().unwrap_or_default();
        Ok(id.parse()?)
    }

    /// Stops all of its processes: first the one that starts the others.
    fn stop_all(&self) -> Result<Vec<u32>> {
        let first = self.id()?;
        signal(&[first], Signal::STOP);
        let mut all = children(first);
        signal(&all, Signal::STOP);
        all.push(first);
        Ok(all)
    }

    fn wait(&mut self) -> Result<()> {
        if let Some((mut shell, mut pipe)) = self.running.take() {
            let first = self.id();
            let until = Instant::now() + LONG;
            let exists = |id: u32| Path::new(&format!("/proc/{id}/exe")).read_link().is_ok();
            while first.as_ref().is_ok_and(|id| exists(*id)) && Instant::now() < until {
                thread::sleep(Duration::from_millis(5));
            }
            // Not if it has ended by itself.
            let _ = pipe.write_all(b"stop\n");
            drop(pipe);
            shell.wait()?;
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.go_on();
        if let Some((mut shell, pipe)) = self.running.take() {
            drop(pipe);
            // It kills the server.
            let _ = shell.wait();
        }
    }
}

/// The server at this address. Of faults TLS knows no more than TCP.
pub fn url(address: &str) -> String {
    format!("postgres://boss@{address}/ci?sslmode=disable")
}

fn succeed(command: &mut Command) -> Result<()> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut why = String::new();
    if let Some(mut stderr) = child.stderr.take() {
        stderr.read_to_string(&mut why)?;
    }
    match child.wait()?.success() {
        true => Ok(()),
        false => Err(format!("{command:?}: {}", why.trim()).into()),
    }
}

/// PostgreSQL refuses to run as root.
fn ordinary_user() -> Result<(u32, u32)> {
    let users = fs::read_to_string("/etc/passwd")?;
    let ids = |name: &str| {
        let mut lines = users.lines();
        let line = lines.find(|line| line.split(':').next() == Some(name))?;
        let mut ids = line.split(':').skip(2).map(|id| id.parse().ok());
        Some((ids.next()??, ids.next()??))
    };
    let found = ids("postgres").or_else(|| ids("nobody"));
    found.ok_or_else(|| "found no user who is not root".into())
}
