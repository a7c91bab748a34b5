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
const SETTINGS: &str = "-c max_connections=100 -c superuser_reserved_connections=3 -c fsync=on -c password_encryption=scram-sha-256";

/// A directory with the programs of another version than the one that is installed.
const PROGRAMS: &str = "NM_TEST_POSTGRES";

/// Runs until it drops, or this process ends in whatever way.
pub struct Instance {
    dir: tempfile::TempDir,
    pub port: u16,
    owner: Owner,
    running: Option<Guarded>,
}

/// The ordinary user as whom servers run that refuse to run as root; `None` if this is one.
#[derive(Clone, Copy)]
pub struct Owner(Option<(u32, u32)>);

/// A server that a shell ends with this process, which closes a pipe without a word. Nothing
/// drops what is in a static, so the shell removes the server's directory, too.
pub struct Guarded {
    shell: Child,
    pipe: ChildStdin,
}

/// Where `initdb` and `postgres` are; `None`, and a message, if they are nowhere.
pub fn programs() -> Option<PathBuf> {
    let all = ["initdb", "postgres", "pg_basebackup", "pg_ctl", "psql"];
    if let Some(dir) = std::env::var_os(PROGRAMS).map(PathBuf::from) {
        let missing = all.iter().find(|it| !dir.join(it).is_file());
        assert_eq!(missing, None, "missing in {PROGRAMS}={}", dir.display());
        return Some(dir);
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut dirs: Vec<_> = std::env::split_paths(&path).collect();
    for entry in fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
    {
        dirs.push(entry.path().join("bin"));
    }
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
        let hba = "local all all trust\nhost all wants,asks 127.0.0.1/32 scram-sha-256\n\
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
        // What a later `pg_basebackup` writes there has options that this server does not know.
        let follows = format!("primary_conninfo = 'host=127.0.0.1 port={port} user=boss'\n");
        let settings = Path::new(&data).join("postgresql.auto.conf");
        let mut settings = fs::OpenOptions::new().append(true).open(settings).unwrap();
        settings.write_all(follows.as_bytes()).unwrap();
        standby.go();
        standby
    }

    fn empty() -> Self {
        let dir = tempfile::Builder::new().prefix("nm-pg").tempdir().unwrap();
        let owner = Owner::of(dir.path());
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        Self {
            port: free.local_addr().unwrap().port(),
            dir,
            owner,
            running: None,
        }
    }

    pub fn data(&self) -> String {
        self.dir.path().join("data").display().to_string()
    }

    /// Starts it, and returns when it answers.
    pub fn go(&mut self) {
        let postgres = programs().expect("it was made by them").join("postgres");
        let command = format!(
            "'{}' -D '{}' -p {} -h 127.0.0.1 -k '{}' {SETTINGS} >>'{}' 2>&1",
            postgres.display(),
            self.data(),
            self.port,
            self.dir.path().display(),
            self.log(),
        );
        let dir = self.dir.path();
        self.running = Some(Guarded::start(&command, "QUIT", dir, self.owner));
        let until = Instant::now() + Duration::from_secs(120);
        while let Err(error) = self.try_sql("postgres", "SELECT") {
            let log = fs::read_to_string(self.log()).unwrap_or_default();
            assert!(Instant::now() < until, "{error}: {log}");
        }
    }

    /// Ends it as a crash does.
    pub fn stop(&mut self) {
        if let Some(running) = self.running.take() {
            running.stop();
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
        self.owner.command(program, self.dir.path())
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
        self.owner.gets(&file);
        file
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.stop();
        show_after_failure("the server", &self.log());
    }
}

/// A failed test prints this log, which is about to be removed.
pub fn show_after_failure(of: &str, log: &str) {
    if std::thread::panicking() {
        let log = fs::read_to_string(log).unwrap_or_default();
        eprintln!("the log of {of}:\n{log}");
    }
}

impl Owner {
    /// Who shall own a directory of ours, and does from now on.
    pub fn of(dir: &Path) -> Self {
        let is_root = dir.metadata().unwrap().uid() == 0;
        let owner = Self(is_root.then(ordinary_user));
        owner.gets(dir);
        owner
    }

    fn gets(self, file: &Path) {
        if let Some((user, group)) = self.0 {
            chown(file, Some(user), Some(group)).unwrap();
        }
    }

    fn command(self, program: &Path, dir: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(dir);
        if let Some((user, group)) = self.0 {
            command.uid(user).gid(group);
        }
        command
    }
}

impl Guarded {
    /// Starts a command of a shell, which a signal ends.
    pub fn start(command: &str, signal: &str, dir: &Path, owner: Owner) -> Self {
        let script = format!(
            "{command} & read word; kill -{signal} $!; wait $! 2>/dev/null; [ -n \"$word\" ] || rm -rf '{}'",
            dir.display()
        );
        let mut shell = owner.command(Path::new("/bin/sh"), dir);
        shell.args(["-c", &script]).stdin(Stdio::piped());
        let mut shell = shell.spawn().unwrap();
        let pipe = shell.stdin.take().unwrap();
        Self { shell, pipe }
    }

    /// Returns when it has ended.
    pub fn stop(mut self) {
        // Not if it has ended by itself.
        let _ = self.pipe.write_all(b"stop\n");
        drop(self.pipe);
        self.shell.wait().unwrap();
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
