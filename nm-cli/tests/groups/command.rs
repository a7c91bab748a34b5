use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{self, Stdio};

/// A command, in an environment that does not know of this test.
pub struct Command(process::Command);

#[derive(Debug)]
pub struct Finished {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Command {
    fn new(program: impl AsRef<OsStr>, dir: &Path) -> Self {
        let mut command = process::Command::new(program);
        command.current_dir(dir).stdin(Stdio::null());
        for (key, _) in std::env::vars_os() {
            let text = key.to_string_lossy();
            let ours = ["CARGO", "NEXTEST", "NAME_MANAGER", "RUST_", "RUSTFLAGS"];
            let needed = ["CARGO_HOME", "CARGO", "RUSTUP_HOME"].contains(&&*text);
            if ours.iter().any(|ours| text.starts_with(ours)) && !needed {
                command.env_remove(key);
            }
        }
        // With those of the repository's generated suites: dependencies are built once.
        let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("suites");
        command
            .env("CARGO_TARGET_DIR", target)
            .env("CARGO_INCREMENTAL", "0")
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            .env("CARGO_TERM_COLOR", "never")
            .env("CARGO_NET_OFFLINE", "true")
            .env("RUST_BACKTRACE", "0");
        Self(command)
    }

    /// The cargo that runs this test.
    pub fn cargo(dir: &Path) -> Self {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        Self::new(cargo, dir)
    }

    pub fn name_manager(dir: &Path) -> Self {
        Self::new(env!("CARGO_BIN_EXE_name-manager"), dir)
    }

    /// A line as a user types it, with `name-manager` among the programs.
    pub fn shell(dir: &Path, line: &str) -> Self {
        let bin = Path::new(env!("CARGO_BIN_EXE_name-manager")).parent();
        let path = std::env::var("PATH").unwrap_or_default();
        let path = format!("{}:{path}", bin.unwrap().display());
        Self::new("sh", dir).args(&["-c", line]).env("PATH", path)
    }

    pub fn args<S: AsRef<OsStr>>(mut self, args: &[S]) -> Self {
        self.0.args(args);
        self
    }

    pub fn env(mut self, key: &str, value: impl AsRef<OsStr>) -> Self {
        self.0.env(key, value);
        self
    }

    /// Under this umask.
    pub fn umask(self, mask: &str) -> Self {
        let mut shell = process::Command::new("sh");
        shell
            .args(["-c", &format!("umask {mask}; exec \"$@\""), "sh"])
            .arg(self.0.get_program())
            .args(self.0.get_args())
            .current_dir(self.0.get_current_dir().unwrap())
            .stdin(Stdio::null());
        for (key, value) in self.0.get_envs() {
            match value {
                Some(value) => shell.env(key, value),
                None => shell.env_remove(key),
            };
        }
        Self(shell)
    }

    pub fn finish(mut self) -> Finished {
        let output = self.0.output().unwrap();
        Finished {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Finished {
    #[track_caller]
    pub fn success(self) -> Self {
        assert_eq!(self.code, Some(0), "{self}");
        self
    }

    #[track_caller]
    pub fn failure(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self}");
        self
    }
}

impl fmt::Display for Finished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "stdout:\n{}stderr:\n{}", self.stdout, self.stderr)
    }
}
