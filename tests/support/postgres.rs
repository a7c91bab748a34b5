//! A PostgreSQL server of the tests' own, which ends with their process.

use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::program::program;
use crate::support::patience;

/// What it is told beside its directory. It need not outlive a crash.
const SETTINGS: &str = "-c max_connections=200 -c fsync=off -c full_page_writes=off";

struct Instance {
    programs: PathBuf,
    dir: PathBuf,
    port: u16,
    user: Option<(u32, u32)>,
    /// The shell that keeps it until its standard input ends.
    _running: Child,
}

/// The address of a new database in which names can be lent.
pub fn database() -> String {
    static DATABASES: AtomicU32 = AtomicU32::new(0);
    static INSTANCE: OnceLock<Instance> = OnceLock::new();
    let instance = INSTANCE.get_or_init(Instance::start);
    let name = format!("t{}", DATABASES.fetch_add(1, Ordering::Relaxed));
    instance.sql(&format!("CREATE DATABASE {name}"));
    let address = format!("postgres://boss@127.0.0.1:{}/{name}", instance.port);
    let made = Command::new(program())
        .args(["server", "init", "--lease", "5s"])
        .env("NAME_MANAGER_SERVER", &address)
        .output()
        .expect("the command can be started");
    assert!(made.status.success(), "{made:?}");
    address
}

/// Whether there is a PostgreSQL on this machine.
pub fn is_there() -> bool {
    programs().is_some()
}

/// Where its programs are.
fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut dirs: Vec<_> = std::env::split_paths(&path).collect();
    let versions = fs::read_dir("/usr/lib/postgresql");
    let versions = versions.into_iter().flatten().flatten();
    dirs.extend(versions.map(|version| version.path().join("bin")));
    let all = ["initdb", "postgres", "psql"];
    dirs.into_iter()
        .find(|dir| all.iter().all(|program| dir.join(program).is_file()))
}

impl Instance {
    fn start() -> Self {
        let programs = programs().expect("PostgreSQL is installed");
        let dir = tempfile::Builder::new()
            .prefix("nm-pg")
            .tempdir()
            .expect("a temporary directory")
            .keep();
        // PostgreSQL refuses to run as root.
        let is_root = dir.metadata().expect("it was just made").uid() == 0;
        let user = is_root.then(ordinary_user);
        if let Some((user, group)) = user {
            chown(&dir, Some(user), Some(group)).expect("root may give it away");
        }
        let free = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = free.local_addr().expect("it is bound").port();
        drop(free);
        let data = dir.join("data");
        let output = command(&programs.join("initdb"), &dir, user)
            .args([
                "--no-sync",
                "--auth=trust",
                "--encoding=UTF8",
                "--username=boss",
                "--pgdata",
            ])
            .arg(&data)
            .output()
            .expect("initdb can be started");
        assert!(output.status.success(), "{output:?}");
        // The shell ends it, and removes it, when this process is gone.
        let script = format!(
            "'{}/postgres' -D '{}' -p {port} -h 127.0.0.1 -k '{1}' {SETTINGS} >'{}/log' 2>&1 & read _; kill -QUIT $!; wait $!; rm -rf '{2}'/*",
            programs.display(),
            data.display(),
            dir.display(),
        );
        let running = command(Path::new("/bin/sh"), &dir, user)
            .args(["-c", &script])
            .stdin(Stdio::piped())
            .spawn()
            .expect("a shell can be started");
        let instance = Self {
            programs,
            dir,
            port,
            user,
            _running: running,
        };
        patience::until("a server that answers", || {
            instance.try_sql("SELECT 1").ok()
        });
        instance
    }

    fn sql(&self, statement: &str) {
        self.try_sql(statement).expect(statement);
    }

    fn try_sql(&self, statement: &str) -> Result<(), String> {
        let port = self.port.to_string();
        let output = command(&self.programs.join("psql"), &self.dir, self.user)
            .args([
                "-h",
                "127.0.0.1",
                "-p",
                &port,
                "-U",
                "boss",
                "-d",
                "postgres",
                "-qc",
                statement,
            ])
            .output()
            .expect("psql can be started");
        match output.status.success() {
            true => Ok(()),
            false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        }
    }
}

fn command(program: &Path, dir: &Path, user: Option<(u32, u32)>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(dir).stdin(Stdio::null());
    if let Some((user, group)) = user {
        command.uid(user).gid(group);
    }
    command
}

/// Whom root runs the server as: `postgres`, else `nobody`.
fn ordinary_user() -> (u32, u32) {
    let mut users = String::new();
    fs::File::open("/etc/passwd")
        .and_then(|mut file| file.read_to_string(&mut users))
        .expect("there are users");
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
