//! Two machines that share a pool over a real server, with hooks and an allocator, under real
//! `cargo test` and `cargo nextest`. A machine is a directory for its agent.

#![cfg(target_os = "linux")]

#[allow(dead_code, reason = "conformance uses the rest")]
#[path = "support/agents.rs"]
mod agents;
#[allow(dead_code, reason = "tests/suites uses the rest")]
#[path = "suites/command.rs"]
mod command;
#[path = "support/database.rs"]
mod database;
#[allow(dead_code, reason = "tests/suites uses the rest")]
#[path = "suites/history.rs"]
mod history;
#[path = "support/instance.rs"]
mod instance;
#[allow(dead_code, reason = "tests/suites uses the rest")]
#[path = "suites/place.rs"]
mod place;
#[path = "support/program.rs"]
mod program;
#[allow(dead_code, reason = "tests/suites uses the rest")]
#[path = "suites/project.rs"]
mod project;
#[path = "support/skip.rs"]
mod skip;

use std::fs;
use std::path::PathBuf;

use command::{Command, Finished, wait_until};
use project::{Project, alone};
use tempfile::TempDir;

const POOL: &str = r#"
[workspace.metadata.name-manager.pools.app]
max = 1
scope = "server"
space = "acme/shop"
env = { URL = "at/{name}" }
"#;

/// Holds the only name until it is told to go on.
const TEST: &str = r#"
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::thread;
use std::time::Duration;

use name_manager_machines_kit as _;
use name_manager::{Lease, shared_resource};

#[shared_resource(pool = "app")]
#[test]
fn holds(app: Lease) {
    let var = |key: &str| std::env::var(key).unwrap();
    let (machine, calls) = (var("NAME_MANAGER_HOST"), var("KIT_CALLS"));
    let say = |what: &str| {
        let mut file = OpenOptions::new().append(true).create(true).open(&calls).unwrap();
        file.write_all(format!("{what} {app} on {machine}\n").as_bytes()).unwrap();
    };
    say("enter");
    while fs::metadata(var("GO_ON")).is_err() {
        thread::sleep(Duration::from_millis(5));
    }
    say("leave");
}

/// Its run goes on until then.
#[test]
fn stays() {
    let Ok(until) = std::env::var("STAYS_UNTIL") else {
        return;
    };
    let calls = std::env::var("KIT_CALLS").unwrap();
    while !fs::read_to_string(&calls).unwrap_or_default().contains(&until) {
        thread::sleep(Duration::from_millis(5));
    }
}
"#;

/// A pool whose allocator has one seat, and counts how often it was taken.
const SEATS: &str = r#"
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::thread;
use std::time::Duration;

use name_manager::{
    Allocator, Asked, Assigned, Assignment, BoxError, Lease, Name, Resource, shared_resource,
};

#[derive(Default)]
struct Seats;

#[name_manager::resource(pool = "app")]
impl Allocator for Seats {
    /// How often it was taken, and whether it is.
    type State = (u32, bool);

    fn load(&self, text: &str) -> Result<(u32, bool), BoxError> {
        match text.split_once(' ') {
            None => Ok((0, false)),
            Some((turn, taken)) => Ok((turn.parse()?, taken.parse()?)),
        }
    }

    fn save(&self, (turn, taken): &(u32, bool)) -> String {
        format!("{turn} {taken}")
    }

    fn assign(&self, (turn, taken): &mut (u32, bool), _asked: &Asked<'_>) -> Assignment {
        if *taken {
            return Assignment::Busy;
        }
        (*turn, *taken) = (*turn + 1, true);
        Assigned::name("seat").env("TURN", turn.to_string()).into()
    }

    fn release(&self, (_, taken): &mut (u32, bool), _name: &str) {
        *taken = false;
    }
}

#[name_manager::resource(pool = "app")]
impl Resource for Seats {
    fn init(&self, name: &Name) -> Result<(), BoxError> {
        say(&format!("init {name}"));
        Ok(())
    }

    fn cleanup(&self, name: &Name) -> Result<(), BoxError> {
        say(&format!("cleanup {name}"));
        Ok(())
    }

    fn teardown(&self) -> Result<(), BoxError> {
        say("teardown");
        Ok(())
    }
}

fn var(key: &str) -> String {
    std::env::var(key).unwrap()
}

fn say(what: &str) {
    let calls = var("KIT_CALLS");
    let mut file = OpenOptions::new().append(true).create(true).open(calls).unwrap();
    file.write_all(format!("{what}\n").as_bytes()).unwrap();
}

#[shared_resource(pool = "app")]
#[test]
fn holds(app: Lease) {
    let (machine, turn) = (var("NAME_MANAGER_HOST"), app.env("TURN").unwrap().to_owned());
    say(&format!("enter {app} turn {turn} on {machine}"));
    while fs::metadata(var("GO_ON")).is_err() {
        thread::sleep(Duration::from_millis(5));
    }
    say(&format!("leave {app} on {machine}"));
}

/// Its run goes on until then.
#[test]
fn stays() {
    let Ok(until) = std::env::var("STAYS_UNTIL") else {
        return;
    };
    while !fs::read_to_string(var("KIT_CALLS")).unwrap_or_default().contains(&until) {
        thread::sleep(Duration::from_millis(5));
    }
}
"#;

/// What two machines have in common.
struct Scene {
    project: Project,
    address: String,
    dir: TempDir,
}

impl Scene {
    /// `None` where there is no PostgreSQL.
    fn new() -> Option<Self> {
        if !database::can_be_made() {
            skip::because("PostgreSQL is not installed");
            return None;
        }
        let kit = "\n[dev-dependencies]\nname-manager-machines-kit = { package = \"kit\", path = \"kit\" }\n";
        let app = alone("app");
        let with_servers = "name-manager = { features = [\"server\"], path";
        let app = app.replace("name-manager = { path", with_servers);
        assert!(app.contains(with_servers), "{app}");
        let project = Project::new(
            "machines",
            &[
                ("Cargo.toml", app + kit + POOL),
                ("src/lib.rs", String::new()),
                ("tests/holds.rs", TEST.to_owned()),
                ("tests/seats.rs", SEATS.to_owned()),
                ("kit/Cargo.toml", project::package("kit")),
                (
                    "kit/src/lib.rs",
                    include_str!("suites/crates/kit.rs").to_owned(),
                ),
            ],
        );
        project.cargo(&["test", "--no-run"]).finish().success();
        Some(Self {
            project,
            address: database::new(),
            dir: TempDir::with_prefix("nm-machines-").unwrap(),
        })
    }

    fn path(&self, file: &str) -> PathBuf {
        self.dir.path().join(file)
    }

    /// `cargo test` on that machine, which knows no server.
    fn test_without(&self, machine: &str) -> Command {
        self.run(&["test", "--test", "holds"], machine)
    }

    fn run(&self, cargo: &[&str], machine: &str) -> Command {
        self.project
            .cargo(cargo)
            .env("NAME_MANAGER_PROGRAM", program::program())
            .env("NAME_MANAGER_DIR", self.path(machine))
            .env("NAME_MANAGER_HOST", machine)
            .env("KIT_CALLS", self.path("calls"))
            .env("GO_ON", self.path("go-on"))
    }

    fn calls(&self) -> String {
        fs::read_to_string(self.path("calls")).unwrap_or_default()
    }

    /// What the server answers about the pool.
    fn ask(&self, what: &str) -> String {
        let database = self.address.rsplit('/').next().unwrap();
        let server = instance::shared().unwrap();
        let select = format!("SELECT {what} FROM name_manager.pool WHERE pool = 'app'");
        server.sql(database, &select)
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        let server = format!("NAME_MANAGER_SERVER={}", self.address);
        while agents::end_reaper(self.dir.path(), &server) {}
        while agents::end(self.dir.path()) {}
    }
}

/// Two machines run these, the second while the first one holds the only name.
fn take_turns(scene: &Scene, cargo: &[&str], second: &str) {
    let run = |machine| {
        let run = scene.run(cargo, machine);
        run.env("NAME_MANAGER_SERVER", &scene.address)
    };
    // It is not over when the other one is lent the name, which need not be made anew then.
    let one = run("ci-1").env("STAYS_UNTIL", second).start();
    wait_until("a holder", || scene.calls().contains("enter"));
    let other = run("ci-2").start();
    wait_until("a waiter on the other machine", || {
        scene.ask("line::jsonb->0->'who'->>'host'") == "ci-2"
    });
    fs::write(scene.path("go-on"), "").unwrap();
    let done: Vec<Finished> = [one, other].map(|run| run.finish().success()).into();
    assert_eq!(done.len(), 2);
    wait_until("teardown", || scene.calls().contains("teardown"));
}

const TURNS: &str = "init app-0 0 at/app-0\n\
    enter app-0 on ci-1\n\
    leave app-0 on ci-1\n\
    enter app-0 on ci-2\n\
    leave app-0 on ci-2\n\
    cleanup app-0 0 at/app-0\n\
    teardown\n";

#[test]
fn one_machine_waits_for_the_name_that_another_holds_and_the_last_run_tears_down() {
    let Some(scene) = Scene::new() else {
        return;
    };
    take_turns(&scene, &["test", "--test", "holds"], "enter app-0 on ci-2");
    assert_eq!(scene.calls(), TURNS);
    wait_until("the runs are over", || {
        scene.ask("jsonb_array_length(doc::jsonb->'holds')") == "0"
    });
}

#[test]
fn under_nextest_each_test_is_a_process_and_all_of_a_machine_are_one_run() {
    if !command::has_nextest() {
        return;
    }
    let Some(scene) = Scene::new() else {
        return;
    };
    let nextest = ["nextest", "run", "--test", "holds"];
    take_turns(&scene, &nextest, "enter app-0 on ci-2");
    assert_eq!(scene.calls(), TURNS);
}

#[test]
fn an_allocator_decides_for_both_machines_and_what_it_made_is_made_once() {
    let Some(scene) = Scene::new() else {
        return;
    };
    let second = "enter seat turn 2 on ci-2";
    take_turns(&scene, &["test", "--test", "seats"], second);
    assert_eq!(
        scene.calls(),
        "init seat\n\
         enter seat turn 1 on ci-1\n\
         leave seat on ci-1\n\
         enter seat turn 2 on ci-2\n\
         leave seat on ci-2\n\
         cleanup seat\n\
         teardown\n"
    );
    // The last run has told it of the last holder.
    wait_until("nothing is lent", || {
        scene
            .ask("doc::jsonb->'notes'->>'decisions'")
            .contains(r#""state":"2 false","names":[]"#)
    });
}

#[test]
fn a_machine_without_a_server_says_what_to_set() {
    let Some(scene) = Scene::new() else {
        return;
    };
    let without = scene
        .test_without("ci-1")
        .env("NAME_MANAGER_SERVER", "none");
    fs::write(scene.path("go-on"), "").unwrap();
    without.finish().success();
    let pool = scene.path("ci-1/pools/app");
    assert!(pool.join("names/app-0.json").is_file(), "a local pool");
    let failed = scene.test_without("ci-1").finish().failure();
    let told = failed.to_string();
    assert!(
        told.contains("pool `app` has scope `server`, but NAME_MANAGER_SERVER is not set"),
        "{told}"
    );
}

#[test]
fn a_package_without_the_feature_is_told_what_to_write() {
    let test = "use name_manager::shared_resource;\n\n#[shared_resource(pool = \"app\")]\n#[test]\nfn holds() {}\n";
    let project = Project::new(
        "featureless",
        &[
            ("Cargo.toml", alone("app") + POOL),
            ("src/lib.rs", String::new()),
            ("tests/holds.rs", test.to_owned()),
        ],
    );
    let run = project.cargo(&["test", "--test", "holds"]);
    let run = run.env("NAME_MANAGER_SERVER", "postgres://ci@db.example.org/names");
    run.finish().failure().says(&[
        "pool `app` has scope `server`, which name-manager was built without here; write `features = [\"server\"]` for it in Cargo.toml",
    ]);
}
