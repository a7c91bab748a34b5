use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use name_manager::{BoxError, Pool};
use postgres::{Client, Config, NoTls};

use crate::programs;

/// The database that all others are cloned from.
pub const TEMPLATE: &str = "bank_template";
const SUPERUSER: &str = "bank";

/// The server that the runs of this workspace share while they last.
///
/// It listens on a socket in its own directory only: no port can be taken, and
/// nobody else can connect.
#[derive(Debug)]
pub struct Server {
    programs: PathBuf,
    dir: PathBuf,
}

impl Server {
    /// Where it is, or would be; nothing where PostgreSQL is not installed.
    ///
    /// # Errors
    ///
    /// When it is not known where the pool keeps its state.
    pub fn find() -> Result<Option<Self>, BoxError> {
        let Some(programs) = programs::find() else {
            return Ok(None);
        };
        // One for each pool, whichever process asks. Not beside the pool: a
        // socket's path is short, and an ordinary user must get there.
        let mut hasher = DefaultHasher::new();
        Pool::open("bank")?.directory().hash(&mut hasher);
        let dir = format!("bank-{:016x}", hasher.finish());
        Ok(Some(Self {
            programs,
            dir: std::env::temp_dir().join(dir),
        }))
    }

    /// Tells that the tests pass without testing anything; where everything must
    /// be there (`CI=true`), they do not.
    ///
    /// # Errors
    ///
    /// In continuous integration.
    pub fn say_skipped() -> Result<(), BoxError> {
        let how = programs::HOW_TO_INSTALL;
        if std::env::var_os("CI").is_some_and(|ci| ci == "true") {
            return Err(format!("found no PostgreSQL, and CI skips nothing; {how}").into());
        }
        // Past libtest, which would keep it to itself: the tests pass.
        let text = format!("SKIPPED: all of these tests: found no PostgreSQL; {how}\n");
        Ok(io::stderr().write_all(text.as_bytes())?)
    }

    /// Makes it and starts it.
    ///
    /// # Errors
    ///
    /// What its programs say.
    pub fn start(&self) -> Result<(), BoxError> {
        fs::DirBuilder::new().mode(0o700).create(&self.dir)?;
        // PostgreSQL refuses to run as root.
        if self.dir.metadata()?.uid() == 0 {
            let (user, group) = ordinary_user()?;
            chown(&self.dir, Some(user), Some(group))?;
        }
        let data = self.data();
        let initdb = ["--no-sync", "--auth=trust", "--encoding=UTF8", "--username"];
        self.run(
            "initdb",
            &[&initdb[..], &[SUPERUSER, "--pgdata", &data]].concat(),
        )?;
        let options = format!(
            "-c listen_addresses= -c unix_socket_directories={} -c fsync=off -c full_page_writes=off -c synchronous_commit=off",
            self.dir.display()
        );
        let log = self.dir.join("log").display().to_string();
        let start = [
            "start",
            "--wait",
            "--silent",
            "--log",
            &log,
            "--options",
            &options,
        ];
        self.run("pg_ctl", &[&start[..], &["--pgdata", &data]].concat())
            .map_err(|error| {
                let log = fs::read_to_string(&log).unwrap_or_default();
                format!("{error}\n{log}").into()
            })
    }

    /// Stops it, if it runs, and removes all that it left.
    ///
    /// # Errors
    ///
    /// When it does not stop.
    pub fn stop(&self) -> Result<(), BoxError> {
        let data = self.data();
        if Path::new(&data).join("postmaster.pid").exists() {
            let stop = [
                "stop",
                "--wait",
                "--silent",
                "--mode=immediate",
                "--pgdata",
                &data,
            ];
            // The file of a server that was killed, or was never quite up, names none.
            if let Err(error) = self.run("pg_ctl", &stop)
                && self.connect("postgres").is_ok()
            {
                return Err(error);
            }
        }
        match fs::remove_dir_all(&self.dir) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// Connects to a database.
    ///
    /// # Errors
    ///
    /// When it does not answer, or has no such database.
    pub fn connect(&self, database: &str) -> Result<Client, BoxError> {
        let mut config = Config::new();
        config.host_path(&self.dir).user(SUPERUSER).dbname(database);
        Ok(config.connect(NoTls)?)
    }

    /// Carries out statements in a database.
    ///
    /// # Errors
    ///
    /// As [`Server::connect`], and when a statement fails.
    pub fn batch(&self, database: &str, statements: &str) -> Result<(), BoxError> {
        Ok(self.connect(database)?.batch_execute(statements)?)
    }

    fn data(&self) -> String {
        self.dir.join("data").display().to_string()
    }

    fn run(&self, program: &str, args: &[&str]) -> Result<(), BoxError> {
        let owner = self.dir.metadata()?;
        let mut command = Command::new(self.programs.join(program));
        command
            .args(args)
            .current_dir(&self.dir)
            .stdin(Stdio::null());
        if rooted(&self.dir)? {
            command.uid(owner.uid()).gid(owner.gid());
        }
        let output = command
            .output()
            .map_err(|error| format!("failed to start {program}: {error}"))?;
        match output.status.success() {
            true => Ok(()),
            false => Err(format!(
                "{program} ended with {}: {}{}",
                output.status,
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            )
            .into()),
        }
    }
}

/// Whether the directory was given away to an ordinary user, as only root can.
fn rooted(dir: &Path) -> io::Result<bool> {
    let probe = dir.with_extension(format!("{}.uid", std::process::id()));
    fs::File::create(&probe)?;
    let own = probe.metadata()?.uid();
    fs::remove_file(&probe)?;
    Ok(own == 0 && dir.metadata()?.uid() != 0)
}

/// Whom root runs the server as: `postgres`, else `nobody`.
fn ordinary_user() -> Result<(u32, u32), BoxError> {
    let users = fs::read_to_string("/etc/passwd")?;
    let ids = |name: &str| {
        let line = users
            .lines()
            .find(|line| line.split(':').next() == Some(name))?;
        let mut ids = line.split(':').skip(2).map(|id| id.parse().ok());
        Some((ids.next()??, ids.next()??))
    };
    let found = ids("postgres").or_else(|| ids("nobody"));
    found.ok_or_else(|| {
        "root cannot run PostgreSQL, and there is no user `postgres` or `nobody`".into()
    })
}
