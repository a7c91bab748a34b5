//! Two machines that share a pool over a real server, with hooks, under real `cargo test`.
//! A machine is a directory for its agent.

#![cfg(target_os = "linux")]

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

    /// `cargo test` on that machine, which knows the server.
    fn test(&self, machine: &str) -> Command {
        self.test_without(machine)
            .env("NAME_MANAGER_SERVER", &self.address)
    }

    fn test_without(&self, machine: &str) -> Command {
        self.project
            .cargo(&["test", "--test", "holds"])
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
        while agents::end(self.dir.path()) {}
    }
}

#[test]
fn one_machine_waits_for_the_name_that_another_holds_and_the_last_run_tears_down() {
    let Some(scene) = Scene::new() else {
        return;
    };
    // It is not over when the other one is lent the name, which need not be made anew then.
    let one = scene
        .test("ci-1")
        .env("STAYS_UNTIL", "enter app-0 on ci-2")
        .start();
    wait_until("a holder", || scene.calls().contains("enter"));
    let other = scene.test("ci-2").start();
    wait_until("a waiter on the other machine", || {
        scene.ask("doc->'line'->0->'who'->>'host'") == "ci-2"
    });
    fs::write(scene.path("go-on"), "").unwrap();
    let done: Vec<Finished> = [one, other].map(|run| run.finish().success()).into();
    assert_eq!(done.len(), 2);
    wait_until("teardown", || scene.calls().contains("teardown"));
    assert_eq!(
        scene.calls(),
        "init app-0 0 at/app-0\n\
         enter app-0 on ci-1\n\
         leave app-0 on ci-1\n\
         enter app-0 on ci-2\n\
         leave app-0 on ci-2\n\
         cleanup app-0 0 at/app-0\n\
         teardown\n"
    );
    wait_until("the runs are over", || {
        scene.ask("jsonb_array_length(doc->'holds')") == "0"
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
