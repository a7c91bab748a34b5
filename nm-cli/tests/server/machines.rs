//! What two machines see of one pool.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::door::Door;
use crate::instance::{Instance, shared};
use crate::lab::{Running, Said, kill};

/// A project that is checked out on several machines: directories of their own for state, and
/// names.
pub struct Project {
    dir: TempDir,
    door: Door,
}

pub const POOLS: &str = r#"
[pools.gcp]
names = ["shop-0", "shop-1"]
scope = "server"
space = "acme/shop"
wait_timeout = "90s"

[pools.local]
max = 1
"#;

impl Project {
    pub fn new(server: &Instance, database: &str, pools: &str) -> Self {
        Self::at(Door::to_new(server, database), pools)
    }

    /// At a database without tables.
    pub fn at(door: Door, pools: &str) -> Self {
        door.run(&["server", "init", "--lease", "5s"]).succeeds();
        Self::to(door, pools)
    }

    /// At whatever is there.
    pub fn to(door: Door, pools: &str) -> Self {
        let dir = TempDir::with_prefix_in("nm-", "/tmp").unwrap();
        fs::write(dir.path().join("name-manager.toml"), pools).unwrap();
        Self { dir, door }
    }

    pub fn path(&self, file: &str) -> PathBuf {
        self.dir.path().join(file)
    }

    pub fn on(&self, host: &str, args: &[&str]) -> Command {
        self.of(host, self.door.command(args))
    }

    /// One that begins and ends a run of its own, as in a shell of somebody's.
    pub fn run_apart(&self, host: &str, args: &[&str]) -> Said {
        let mut command = self.of(host, self.door.apart(args));
        Said::of(command.output().unwrap())
    }

    /// A command in a shell there.
    pub fn shell(&self, host: &str, command: &str) -> Command {
        let mut bash = self.door.program("bash");
        bash.args(["-e", "-c", command]);
        self.of(host, bash)
    }

    fn of(&self, host: &str, mut command: Command) -> Command {
        command
            .env("NAME_MANAGER_DIR", self.dir.path().join(host))
            .env("NAME_MANAGER_HOST", host)
            .env("NAME_MANAGER_PROGRAM", env!("CARGO_BIN_EXE_name-manager"))
            .current_dir(self.dir.path());
        command
    }

    pub fn run(&self, host: &str, args: &[&str]) -> Said {
        Said::of(self.on(host, args).output().unwrap())
    }

    /// Holds a name until it is let go.
    pub fn hold(&self, host: &str, name: &str) -> Running {
        let mut holder = Running::new(&mut self.on(host, &["hold", "gcp", "--name", name]));
        assert_eq!(holder.line(), name);
        holder
    }

    pub fn status(&self, host: &str) -> Value {
        let said = self.run(host, &["status", "gcp", "--json"]);
        let status: Value = serde_json::from_str(&said.answer()).unwrap();
        status["pools"][0].clone()
    }

    pub fn events(&self, host: &str) -> Vec<Value> {
        let log = self.run(host, &["log", "--pool", "gcp", "--json"]).answer();
        let lines = log.lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

/// Its agents would stay for a minute.
impl Drop for Project {
    fn drop(&mut self) {
        let dir = self.dir.path().to_str().unwrap().as_bytes();
        for process in fs::read_dir("/proc").into_iter().flatten().flatten() {
            let command = fs::read(process.path().join("cmdline")).unwrap_or_default();
            if command.windows(dir.len()).any(|part| part == dir) {
                kill(
                    "KILL",
                    process.file_name().to_str().unwrap().parse().unwrap(),
                );
            }
        }
    }
}

#[test]
fn every_machine_sees_who_holds_what_where_and_what_happened() {
    let Some(server) = shared() else { return };
    let project = Project::new(server, "seen", POOLS);
    let mut first = project.hold("ci-1", "shop-0");
    let mut second = project.hold("ci-2", "shop-1");
    // From a third, which holds nothing.
    let said = project.run("ci-3", &["try-acquire", "gcp"]);
    said.fails(75, "pool `gcp`");
    let status = project.status("ci-3");
    for (at, (host, pid)) in [("ci-1", first.pid()), ("ci-2", second.pid())]
        .iter()
        .enumerate()
    {
        let name = &status["names"][at];
        assert_eq!(name["held"], true, "{status:#}");
        assert_eq!(name["holders"][0]["host"], *host, "{status:#}");
        assert_eq!(name["holders"][0]["pid"], *pid, "{status:#}");
    }
    let said = project.run("ci-3", &["status"]).succeeds();
    let process = format!("{} on ci-1", first.pid());
    assert!(said.out.contains(&process), "{said:?}");
    let said = project.run("ci-3", &["list", "gcp"]).succeeds();
    assert!(said.out.contains("on ci-2"), "{said:?}");
    // Somebody waits.
    let mut waiter = Running::new(&mut project.on("ci-3", &["run", "gcp", "--", "cat"]));
    let waiters = loop {
        let status = project.status("ci-1");
        let waiters = status["waiters"].as_array().unwrap().clone();
        if !waiters.is_empty() {
            break waiters;
        }
    };
    assert_eq!(waiters[0]["host"], "ci-3", "{waiters:?}");
    assert_eq!(waiters[0]["wants"], "a name", "{waiters:?}");
    first.end_input();
    assert_eq!(first.code(), 0);
    waiter.end_input();
    assert_eq!(waiter.code(), 0);
    second.end_input();
    assert_eq!(second.code(), 0);
    for host in ["ci-1", "ci-3"] {
        let events = project.events(host);
        let of = |kind: &str, on: &str| {
            let is_it = |event: &&Value| event["kind"] == kind && event["host"] == on;
            events.iter().filter(is_it).count()
        };
        let seen = [
            of("acquired", "ci-1"),
            of("acquired", "ci-2"),
            of("waiting", "ci-3"),
            of("acquired", "ci-3"),
            of("released", "ci-3"),
        ];
        assert_eq!(seen, [1; 5], "{events:#?}");
    }
    let said = project.run("ci-2", &["timeline", "gcp", "--json", "--all"]);
    let said = match said.code {
        0 => said,
        _ => project
            .run("ci-2", &["timeline", "gcp", "--json"])
            .succeeds(),
    };
    assert!(said.out.contains("\"host\":\"ci-"), "{said:?}");
    let said = project.run("ci-2", &["stats", "gcp"]).succeeds();
    assert!(said.out.contains("gcp"), "{said:?}");
}

#[test]
fn a_shell_keeps_what_it_has_acquired_and_releases_it() {
    let Some(server) = shared() else { return };
    let project = Project::new(server, "acquired", POOLS);
    let script = "name=$($NAME_MANAGER_PROGRAM acquire gcp --ttl 1h)
        $NAME_MANAGER_PROGRAM keep-alive gcp $name --ttl 2h
        $NAME_MANAGER_PROGRAM release gcp $name";
    Said::of(project.shell("ci-1", script).output().unwrap()).succeeds();
    let status = project.status("ci-2");
    let name = &status["names"][0];
    assert_eq!(
        (&name["held"], &name["state"]),
        (&false.into(), &"clean".into()),
        "{status:#}"
    );
}

#[test]
fn reset_and_wait_reach_a_pool_of_a_server() {
    let Some(server) = shared() else { return };
    let project = Project::new(server, "reached", POOLS);
    let mut holder = project.hold("ci-1", "shop-0");
    let said = project.run("ci-2", &["reset", "gcp"]);
    said.fails(75, "shop-0");
    holder.end_input();
    assert_eq!(holder.code(), 0);
    let said = project.run("ci-2", &["reset", "gcp"]).succeeds();
    assert!(said.out.contains("shop-0"), "{said:?}");
    let said = project.run("ci-2", &["wait", "gcp"]).succeeds();
    assert_eq!(said.out, "");
}

#[test]
fn what_a_run_on_one_machine_has_left_is_seen_and_done_from_another() {
    let Some(server) = shared() else { return };
    let hooks = "\n[pools.gcp.hooks]\ninit = \"echo init {name} >>calls\"\n\
                 cleanup = \"test ! -e stuck && echo cleanup {name} >>calls\"\n";
    let pools = POOLS.replace("\n[pools.local]", &format!("{hooks}[pools.local]"));
    let project = Project::new(server, "left", &pools);
    fs::write(project.path("stuck"), "").unwrap();
    let run = ["run", "gcp", "--name", "shop-1", "--", "true"];
    let mut run = project.of("ci-1", project.door.apart(&run));
    let said = Said::of(run.output().unwrap());
    assert_eq!(said.code, 70, "{said:?}");
    let status = project.status("ci-2");
    assert_eq!(status["names"][1]["left"]["why"], "failed", "{status:#}");
    let said = project.run("ci-2", &["wait", "gcp"]);
    assert_eq!(said.code, 70, "{said:?}");
    fs::remove_file(project.path("stuck")).unwrap();
    project.run("ci-2", &["wait", "gcp"]).succeeds();
    let status = project.status("ci-1");
    assert_eq!(status["names"][1]["left"], Value::Null, "{status:#}");
    let calls = fs::read_to_string(project.path("calls")).unwrap();
    assert_eq!(calls, "init shop-1\ncleanup shop-1\n");
}

#[test]
fn pools_of_this_machine_are_shown_when_the_server_cannot_be_reached() {
    let Some(mut server) = Instance::start() else {
        return;
    };
    let project = Project::new(&server, "away", POOLS);
    let said = project.run("ci-1", &["run", "local", "--", "true"]);
    assert_eq!(said.code, 0, "{said:?}");
    server.stop();
    let said = project.run("ci-1", &["status"]).succeeds();
    assert!(said.out.contains("local: "), "{said:?}");
    assert!(said.err.contains("away as boss"), "{said:?}");
    let said = project.run("ci-1", &["status", "gcp"]);
    said.fails(1, "away as boss");
    let said = project.run("ci-1", &["doctor"]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.out.contains("failed to connect to"), "{said:?}");
}

#[test]
fn a_server_that_is_away_delays_no_deadline_and_is_named_by_what_cannot_be_given_back() {
    let Some(mut server) = Instance::start() else {
        return;
    };
    let project = Project::new(&server, "deaf", POOLS);
    let hold = "code=0; $NAME_MANAGER_PROGRAM hold gcp 2>said || code=$?; echo $code >code";
    let mut holder = Running::new(&mut project.shell("ci-1", hold));
    assert_eq!(holder.line(), "shop-0");
    let wait = ["hold", "gcp", "--name", "shop-0", "--timeout", "10s"];
    let mut waiter = Running::new(&mut project.on("ci-2", &wait));
    while project.status("ci-1")["waiters"] == Value::Array(Vec::new()) {}
    server.stop();
    holder.end_input();
    assert_eq!(waiter.code(), 124);
    let has_ended = project.path("code").exists();
    assert!(!has_ended, "it waited as long as a release, a minute");
    holder.code();
    let code = fs::read_to_string(project.path("code")).unwrap();
    let said = fs::read_to_string(project.path("said")).unwrap();
    assert_eq!(code, "1\n", "{said}");
    assert!(
        said.contains("no answer for 1m: ") && said.contains("deaf as boss has not been heard of"),
        "{said}"
    );
}

#[test]
fn the_first_request_of_a_machine_waits_for_a_server_that_is_away_and_says_so() {
    let Some(mut server) = Instance::start() else {
        return;
    };
    let project = Project::new(&server, "late", POOLS);
    server.stop();
    let said = project.run("ci-1", &["run", "gcp", "--timeout", "2s", "--", "true"]);
    said.fails(
        124,
        "timed out after 2s waiting for a name of pool `gcp` (failed to connect to ",
    );
    let hold = "exec $NAME_MANAGER_PROGRAM hold gcp 2>said";
    let mut holder = Running::new(&mut project.shell("ci-1", hold));
    let said = || fs::read_to_string(project.path("said")).unwrap_or_default();
    while !said().contains("for a name of pool `gcp`\n    failed to connect to ") {
        assert_eq!(holder.child.try_wait().unwrap(), None, "{}", said());
    }
    server.go();
    assert_eq!(holder.line(), "shop-0");
    // Of each agent that it has started in vain.
    assert_eq!(zombies_of(holder.child.id()), 0);
    holder.end_input();
    assert_eq!(holder.code(), 0);
}

/// How many of its children have ended that it has not waited for.
fn zombies_of(parent: u32) -> usize {
    let processes = fs::read_dir("/proc").unwrap();
    let stats = processes.filter_map(|it| fs::read_to_string(it.ok()?.path().join("stat")).ok());
    let is_its = format!("Z {parent} ");
    stats
        .filter(|stat| {
            stat.rsplit(") ")
                .next()
                .is_some_and(|it| it.starts_with(&is_its))
        })
        .count()
}

#[test]
fn who_waits_for_a_server_that_has_started_anew_is_told_so() {
    let Some(mut server) = Instance::start() else {
        return;
    };
    let door = Door::to_new(&server, "anew");
    // Nothing is lent for that long.
    door.run(&["server", "init", "--lease", "2m"]).succeeds();
    let project = Project::to(door, POOLS);
    let said = project.run("ci-1", &["run", "gcp", "--", "true"]);
    assert_eq!(said.code, 0, "{said:?}");
    server.stop();
    server.go();
    let said = project.run("ci-2", &["run", "gcp", "--timeout", "2s", "--", "true"]);
    said.fails(
        124,
        "for a name of pool `gcp` (the server has started anew, and lends nothing until ",
    );
}

#[test]
fn a_pool_that_is_opened_while_the_server_is_away_is_waited_for() {
    let Some(mut server) = Instance::start() else {
        return;
    };
    // What tests say of its size is asked before anything is requested.
    let pools = "[pools.gcp]\nmax = 1\nscope = \"server\"\nspace = \"acme/shop\"\n";
    let project = Project::new(&server, "opened", pools);
    server.stop();
    let hold = "exec $NAME_MANAGER_PROGRAM hold gcp 2>said";
    let mut holder = Running::new(&mut project.shell("ci-1", hold));
    let said = || fs::read_to_string(project.path("said")).unwrap_or_default();
    while !said().contains("more for what pool `gcp` is: no answer for 3s: failed to connect to ") {
        assert_eq!(holder.child.try_wait().unwrap(), None, "{}", said());
    }
    server.go();
    assert_eq!(holder.line(), "gcp-0");
    holder.end_input();
    assert_eq!(holder.code(), 0);
}

#[test]
fn a_pool_of_a_server_without_its_address_is_an_error_and_none_is_a_local_pool() {
    let Some(server) = shared() else { return };
    let project = Project::new(server, "addressed", POOLS);
    let args = ["run", "gcp", "--", "true"];
    let mut without = project.on("ci-1", &args);
    let said = Said::of(without.env_remove("NAME_MANAGER_SERVER").output().unwrap());
    said.fails(2, "NAME_MANAGER_SERVER is not set");
    // Who uses the others has no need of it.
    let local = project.door.apart(&["run", "local", "--", "true"]);
    let mut local = project.of("ci-1", local);
    let said = Said::of(local.env_remove("NAME_MANAGER_SERVER").output().unwrap()).succeeds();
    assert_eq!(said.err, "");
    let mut none = project.on("ci-1", &args);
    Said::of(none.env("NAME_MANAGER_SERVER", "none").output().unwrap()).succeeds();
    let mut nowhere = project.on("ci-1", &args);
    let nowhere = nowhere.env("NAME_MANAGER_PROGRAM", "/nowhere/name-manager");
    let said = Said::of(nowhere.output().unwrap());
    said.fails(1, "/nowhere/name-manager");
}
