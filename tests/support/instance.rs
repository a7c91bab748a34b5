//! A PostgreSQL server of the tests' own, on a directory and a port of its own.

#![allow(dead_code, reason = "each test binary uses a part")]

use std::fs;
use std::io::{self, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// What a `postgres` is told beside its directory: nothing is to be lost but by our doing.
const SETTINGS: &str = "-c max_connections=100 -c superuser_reserved_connections=3 -c fsync=on";

/// Runs until it drops, or this process ends in whatever way.
pub struct Instance {
    dir: tempfile::TempDir,
    pub port: u16,
    user: Option<(u32, u32)>,
    running: Option<(Child, ChildStdin)>,
}

/// Where `initdb` and `postgres` are; `None`, and a message, if they are nowhere.
pub fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut dirs: Vec<_> = std::env::split_paths(&path).collect();
    for entry in fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
    {
        dirs.push(entry.path().join("bin"));
    }
    let all = ["initdb", "postgres", "pg_basebackup", "pg_ctl"];
    let found = dirs
        .into_iter()
        .find(|dir| all.iter().all(|it| dir.join(it).is_file()));
    if found.is_none() {
        let text =
            "SKIPPED: found no PostgreSQL; install it (Debian: `apt-get install postgresql`)\n";
        assert!(std::env::var_os("CI").is_none(), "{text}");
        // Past libtest, which would keep it to itself.
        io::stderr().write_all(text.as_bytes()).unwrap();
    }
    found
}

/// The server that tests share which leave it as it is; `None` if there is no PostgreSQL.
pub fn shared() -> Option<&'static Instance> {
    static SHARED: OnceLock<Option<Instance>> = OnceLock::new();
    SHARED.get_or_init(Instance::start).as_ref()
}

impl Instance {
    pub fn start() -> Option<Self> {
        let programs = programs()?;
        let instance = Self::empty();
        let data = instance.data();
        let options = [
            "--no-sync",
            "--auth=trust",
            "--encoding=UTF8",
            "--username=boss",
        ];
        instance.run(
            &programs,
            "initdb",
            &[&options[..], &["--pgdata", &data]].concat(),
        );
        let hba = "local all all trust\nhost all wants 127.0.0.1/32 scram-sha-256\n\
                   host encrypted all 127.0.0.1/32 reject\nhost all all 127.0.0.1/32 trust\n\
                   host replication all 127.0.0.1/32 trust\n";
        fs::write(Path::new(&data).join("pg_hba.conf"), hba).unwrap();
        let mut instance = instance;
        instance.go();
        Some(instance)
    }

    /// A standby of another one, that follows it.
    pub fn standby_of(primary: &Self) -> Self {
        let programs = programs().expect("the primary has them");
        let mut standby = Self::empty();
        let (data, port) = (standby.data(), primary.port.to_string());
        let from = [
            "-h",
            "127.0.0.1",
            "-p",
            &port,
            "-U",
            "boss",
            "-R",
            "-D",
            &data,
            "-c",
            "fast",
        ];
        standby.run(&programs, "pg_basebackup", &from);
        standby.go();
        standby
    }

    fn empty() -> Self {
        let dir = tempfile::Builder::new().prefix("nm-pg").tempdir().unwrap();
        // PostgreSQL refuses to run as root.
        let is_root = dir.path().metadata().unwrap().uid() == 0;
        let user = is_root.then(ordinary_user);
        if let Some((user, group)) = user {
            chown(dir.path(), Some(user), Some(group)).unwrap();
        }
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        Self {
            port: free.local_addr().unwrap().port(),
            dir,
            user,
            running: None,
        }
    }

    pub fn data(&self) -> String {
        self.dir.path().join("data").display().to_string()
    }

    /// Starts it, and returns when it answers.
    pub fn go(&mut self) {
        let postgres = programs().expect("it was made by them").join("postgres");
        // The shell ends the server when this process is gone, which closes the pipe without a
        // word; nothing drops what is in a static, so it removes the directory, too.
        let script = format!(
            "'{}' -D '{}' -p {} -h 127.0.0.1 -k '{dir}' {SETTINGS} >>'{}' 2>&1 & read word; kill -QUIT $!; wait $!; [ -n \"$word\" ] || rm -rf '{dir}'",
            postgres.display(),
            self.data(),
            self.port,
            self.log(),
            dir = self.dir.path().display(),
        );
        let mut shell = self.command(Path::new("/bin/sh"));
        shell.args(["-c", &script]).stdin(Stdio::piped());
        let mut shell = shell.spawn().unwrap();
        let pipe = shell.stdin.take().unwrap();
        self.running = Some((shell, pipe));
        let until = Instant::now() + Duration::from_secs(120);
        while let Err(error) = self.try_sql("postgres", "SELECT") {
            let log = fs::read_to_string(self.log()).unwrap_or_default();
            assert!(Instant::now() < until, "{error}: {log}");
        }
    }

    /// Ends it as a crash does.
    pub fn stop(&mut self) {
        if let Some((mut shell, mut pipe)) = self.running.take() {
            // Not if it has ended by itself.
            let _ = pipe.write_all(b"stop\n");
            drop(pipe);
            shell.wait().unwrap();
        }
    }

    /// Makes a standby the primary.
    pub fn promote(&self) {
        let programs = programs().expect("it was made by them");
        self.run(
            &programs,
            "pg_ctl",
            &["promote", "--wait", "-D", &self.data()],
        );
    }

    pub fn log(&self) -> String {
        self.dir.path().join("log").display().to_string()
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.dir.path());
        if let Some((user, group)) = self.user {
            command.uid(user).gid(group);
        }
        command
    }

    fn run(&self, programs: &Path, program: &str, args: &[&str]) {
        let mut command = self.command(&programs.join(program));
        let output = command.args(args).stdin(Stdio::null()).output().unwrap();
        assert!(output.status.success(), "{program}: {output:?}");
    }

    pub fn url(&self, user: &str, database: &str) -> String {
        format!("postgres://{user}@127.0.0.1:{}/{database}", self.port)
    }

    /// What `psql` answers as the owner of everything.
    #[track_caller]
    pub fn sql(&self, database: &str, statements: &str) -> String {
        self.try_sql(database, statements)
            .unwrap_or_else(|error| panic!("{statements}: {error}"))
    }

    fn try_sql(&self, database: &str, statements: &str) -> Result<String, String> {
        let programs = programs().expect("it was made by them");
        let mut psql = self.command(&programs.join("psql"));
        let (host, port) = (self.dir.path().display().to_string(), self.port.to_string());
        psql.args(["-h", &host, "-p", &port, "-U", "boss", "-d", database]);
        psql.args([
            "-X",
            "-q",
            "-A",
            "-t",
            "-v",
            "ON_ERROR_STOP=1",
            "-c",
            statements,
        ]);
        let output = psql.output().unwrap();
        match output.status.success() {
            true => Ok(String::from_utf8(output.stdout).unwrap().trim().to_owned()),
            false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        }
    }

    /// A file in its directory that it may read.
    pub fn file(&self, name: &str, text: &str) -> PathBuf {
        let file = Path::new(&self.data()).join(name);
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        if let Some((user, group)) = self.user {
            chown(&file, Some(user), Some(group)).unwrap();
        }
        file
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.stop();
    }
}

fn ordinary_user() -> (u32, u32) {
    let users = fs::read_to_string("/etc/passwd").unwrap();
    let ids = |name: &str| {
        let line = users
            .lines()
            .find(|line| line.split(':').next() == Some(name))?;
        let mut ids = line.split(':').skip(2).map(|id| id.parse().ok());
        Some((ids.next()??, ids.next()??))
    };
    ids("postgres")
        .or_else(|| ids("nobody"))
        .expect("a user who is not root")
}
