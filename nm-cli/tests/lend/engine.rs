//! A container engine for one test: a Docker daemon on directories of its own, with an image
//! that no registry was asked for.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::lab::{Said, kill};
use crate::patience;
use crate::skip;

pub struct Engine {
    dir: TempDir,
    daemon: Child,
}

pub const IMAGE: &str = "shop";

/// Everything that a daemon keeps for its users.
const KEPT: [&[&str]; 3] = [
    &["ps", "--all", "--format", "{{.Names}}"],
    &["network", "ls", "--format", "{{.Name}}"],
    &["volume", "ls", "--format", "{{.Name}}"],
];

impl Engine {
    /// `None` where none can be had, and the test is skipped.
    pub fn start() -> Option<Self> {
        let runs = |program: &str, arg: &str| {
            let mut command = Command::new(program);
            command.arg(arg).stdout(Stdio::null()).stderr(Stdio::null());
            command.status().is_ok_and(|status| status.success())
        };
        let has_compose = runs("docker-compose", "version")
            || Command::new("docker")
                .args(["compose", "version"])
                .output()
                .is_ok_and(|said| said.status.success());
        let lacks = match () {
            () if !rustix::process::geteuid().is_root() => "dockerd needs root",
            () if !runs("dockerd", "--version") => "no dockerd",
            () if !has_compose => "no docker-compose",
            () if !runs("busybox", "true") => "no busybox",
            () => "",
        };
        if !lacks.is_empty() {
            skip::because(lacks);
            return None;
        }
        // Short, for the sake of the daemon's sockets.
        let dir = TempDir::with_prefix_in("nm-", "/tmp").unwrap();
        let path = |file: &str| dir.path().join(file);
        let log = File::create(path("log")).unwrap();
        let daemon = Command::new("setpriv")
            // It goes with the test, also if that is killed.
            .args(["--pdeathsig", "TERM", "dockerd"])
            .arg("--host")
            .arg(format!("unix://{}", path("sock").display()))
            .arg("--data-root")
            .arg(path("data"))
            .arg("--exec-root")
            .arg(path("exec"))
            .arg("--pidfile")
            .arg(path("pid"))
            // The machine's own network stays as it is. Published ports need none of it.
            .args(["--bridge=none", "--iptables=false", "--ip-forward=false"])
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut engine = Self { dir, daemon };
        patience::until("an answer of dockerd", || {
            let ended = engine.daemon.try_wait().unwrap();
            assert!(ended.is_none(), "dockerd ended: {}", engine.log());
            let info = engine.docker(&["info"]).output().unwrap();
            info.status.success().then_some(())
        });
        engine
            .say("python3 image.py | docker import - \"$SHOP_IMAGE\"")
            .succeeds();
        Some(engine)
    }

    fn log(&self) -> String {
        fs::read_to_string(self.dir.path().join("log")).unwrap_or_default()
    }

    /// Has a command use this engine.
    pub fn around<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        let host = format!("unix://{}", self.dir.path().join("sock").display());
        command.env("DOCKER_HOST", host).env("SHOP_IMAGE", IMAGE)
    }

    pub fn docker(&self, args: &[&str]) -> Command {
        let mut docker = Command::new("docker");
        self.around(&mut docker).args(args).stdin(Stdio::null());
        docker
    }

    fn say(&self, script: &str) -> Said {
        let mut shell = Command::new("sh");
        self.around(&mut shell).args(["-ec", script]);
        Said::of(shell.current_dir(example()).output().unwrap())
    }

    /// The containers, networks and volumes that it has.
    pub fn kept(&self) -> Vec<Vec<String>> {
        let list = |args: &&[&str]| {
            let said = Said::of(self.docker(args).output().unwrap()).succeeds();
            let names = said.out.lines().map(str::to_owned);
            // Its own, which are always there.
            names
                .filter(|name| name != "host" && name != "none")
                .collect()
        };
        KEPT.iter().map(list).collect()
    }

    /// Fails if anything is left of any stack: in the engine, or a process that uses it.
    #[track_caller]
    pub fn expect_nothing_left(&self) {
        assert_eq!(self.kept(), [const { Vec::<String>::new() }; 3]);
        // A process that was killed may be on its way.
        patience::until("the end of all processes", || {
            self.processes().is_empty().then_some(())
        });
    }

    /// Those that were started to use the engine, or by it for containers.
    pub fn processes(&self) -> Vec<String> {
        let dir = self.dir.path().to_str().unwrap();
        let look = |path: PathBuf| {
            path.file_name()?.to_str()?.parse::<u32>().ok()?;
            let command = fs::read(path.join("cmdline")).ok()?;
            let environ = fs::read(path.join("environ")).ok()?;
            let text = String::from_utf8_lossy(&command).replace('\0', " ");
            let is_daemon = text.starts_with("dockerd ") || text.starts_with("containerd ");
            let is_ours = text.contains(dir) || String::from_utf8_lossy(&environ).contains(dir);
            (is_ours && !is_daemon).then_some(text)
        };
        let entries = fs::read_dir("/proc").unwrap();
        entries
            .filter_map(|entry| look(entry.ok()?.path()))
            .collect()
    }
}

impl Drop for Engine {
    /// It stops its containers, and unmounts what it has mounted.
    fn drop(&mut self) {
        let containers = self.docker(&["ps", "--all", "--quiet"]).output();
        let containers = containers.map(|said| String::from_utf8_lossy(&said.stdout).into_owned());
        for container in containers.unwrap_or_default().lines() {
            let _ = self.docker(&["rm", "--force", container]).output();
        }
        kill("TERM", self.daemon.id());
        let _ = self.daemon.wait();
    }
}

pub fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/compose")
}
