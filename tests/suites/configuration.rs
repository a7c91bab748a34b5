//! What `Cargo.toml` and the environment say of a pool.

use std::fs;
use std::path::PathBuf;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use nm_runtime::journal::Kind;

use crate::command::{Command, Finished, Started, wait_until};
use crate::project::{Project, package, workspace};

/// A workspace whose `Cargo.toml` each case writes anew.
pub struct Configured {
    pub project: Project,
    pub binary: PathBuf,
}

pub fn configured() -> MutexGuard<'static, Configured> {
    static CONFIGURED: LazyLock<Mutex<Configured>> = LazyLock::new(|| {
        let probe = include_str!("crates/probe.rs").to_owned();
        let meet = include_str!("crates/meet.rs").to_owned();
        let project = Project::new(
            "configured",
            &[
                ("Cargo.toml", workspace(&["app"])),
                ("app/Cargo.toml", package("app")),
                ("app/src/lib.rs", String::new()),
                ("app/tests/meet/mod.rs", meet),
                ("app/tests/probe.rs", probe),
            ],
        );
        let binary = project.binary("app", "tests/probe.rs");
        Mutex::new(Configured { project, binary })
    });
    CONFIGURED.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Configured {
    /// Writes `Cargo.toml` with this at its end, and begins with nothing lent.
    pub fn with(&self, toml: &str) -> &Self {
        let start = workspace(&["app"]);
        self.project
            .rewrite("Cargo.toml", &format!("{start}{toml}\n"));
        let _ = fs::remove_dir_all(self.project.path(".name-manager"));
        self
    }

    /// Like [`Configured::with`], for what stands under one pool.
    pub fn with_pool(&self, pool: &str, toml: &str) -> &Self {
        self.with(&format!(
            "[workspace.metadata.name-manager.pools.{pool}]\n{toml}"
        ))
    }

    /// One test, in a process of its own.
    pub fn test(&self, test: &str) -> Command {
        Command::new(&self.binary, self.project.root()).args(&["--exact", test, "--nocapture"])
    }

    pub fn run(&self, test: &str, env: &[(&str, &str)]) -> Finished {
        let one = env
            .iter()
            .fold(self.test(test), |test, (key, value)| test.env(key, value));
        one.finish()
    }

    /// A process that holds the name of pool `held` until the file exists.
    pub fn hold(&self) -> (PathBuf, Started) {
        let told = self.project.path("told");
        let _ = fs::remove_file(&told);
        let holder = self.test("holder").env("SUITE_FILE", &told).start();
        wait_until("it is held", || {
            self.project.history("held").count(Kind::Acquired) == 1
        });
        (told, holder)
    }
}

#[test]
fn the_environment_beats_cargo_toml_which_beats_the_attribute() {
    let app = configured();
    let lent = |test: &str, env: &[(&str, &str)], expected: &str| {
        app.run(test, env)
            .success()
            .says(&[&format!("lent {expected}\n")]);
    };
    let max = ("NAME_MANAGER_POOL_SIZED_MAX", "1");
    app.with("");
    lent("sized", &[], "sized-0 of 3");
    lent("sized", &[max], "sized-0 of 1");
    app.with_pool("sized", "max = 2");
    lent("sized", &[], "sized-0 of 2");
    lent("sized", &[max], "sized-0 of 1");
    app.with_pool("sized", "template = \"app_test_{index}\"");
    lent("sized", &[], "app_test_0 of 3");
    let template = ("NAME_MANAGER_POOL_SIZED_TEMPLATE", "ci_{index}");
    lent("sized", &[max, template], "ci_0 of 1");

    let names = ("NAME_MANAGER_POOL_LISTED_NAMES", "x,y,z");
    app.with("");
    lent("listed", &[], "red of 2");
    lent("listed", &[names], "x of 3");
    app.with_pool("listed", "names = [\"db_a\"]");
    lent("listed", &[], "db_a of 1");
    lent("listed", &[names], "x of 3");
    // A limit leaves the names what they are.
    app.with_pool("listed", "max = 1");
    lent("listed", &[], "red of 1");
    app.with_pool("listed", "names = [\"db_a\", \"db_b\"]");
    let one = ("NAME_MANAGER_POOL_LISTED_MAX", "1");
    lent("listed", &[one], "db_a of 1");
    lent("all_listed", &[], "db_b of 2");
}

#[test]
fn cargo_test_reads_what_stands_in_cargo_toml() {
    let app = configured();
    app.with_pool(
        "bare",
        "max = 1\nenv = { URL = \"postgres://localhost/{name}\" }",
    );
    let run = [
        "test",
        "--test",
        "probe",
        "--",
        "--exact",
        "bare",
        "--nocapture",
    ];
    let run = app.project.cargo(&run).finish().success();
    run.says(&[
        "lent bare-0 of 1",
        "with URL Some(\"postgres://localhost/bare-0\")",
    ]);
}

#[test]
fn the_longest_wait_comes_from_the_environment_then_cargo_toml_then_the_attribute() {
    let app = configured();
    app.with("");
    let (told, holder) = app.hold();
    let times_out = |toml: &str, env: &[(&str, &str)], test: &str, after: &str| {
        let pool = "[workspace.metadata.name-manager.pools.held]\nmax = 1";
        let start = workspace(&["app"]);
        app.project
            .rewrite("Cargo.toml", &format!("{start}{pool}\n{toml}\n"));
        let failed = app.run(test, env).failure();
        failed.says(&[&format!("timed out after {after} waiting"), "probe::holder"]);
    };
    let all = ("NAME_MANAGER_WAIT_TIMEOUT", "11ms");
    let own = ("NAME_MANAGER_POOL_HELD_WAIT_TIMEOUT", "10ms");
    times_out("", &[], "impatient", "30ms");
    times_out("wait_timeout = \"20ms\"", &[], "impatient", "20ms");
    times_out("wait_timeout = \"20ms\"", &[all], "impatient", "11ms");
    times_out("wait_timeout = \"20ms\"", &[all, own], "impatient", "10ms");
    // What code asks for is no attribute.
    times_out("wait_timeout = \"20ms\"", &[], "by_hand", "5ms");
    fs::write(told, "").unwrap();
    holder.finish().success();
}

#[test]
fn a_pool_that_looks_misspelt_is_said_to_have_no_limit() {
    let app = configured();
    let warning = "pool `bare` is unbounded, since neither `max` nor `names` is set for it; `Cargo.toml` configures `bear`";
    app.with_pool("bear", "max = 2");
    app.run("bare", &[]).success().says(&[warning]);
    app.with_pool("database", "max = 2");
    let other = app.run("bare", &[]).success();
    assert!(!other.stderr.contains("is unbounded"), "{other}");
    // Both are there: one with a limit, the other meant to have none.
    let tables = "[workspace.metadata.name-manager.pools]\nbear = { max = 2 }\nbare = {}";
    let meant = app.with(tables).run("bare", &[]).success();
    assert!(!meant.stderr.contains("is unbounded"), "{meant}");
}

#[test]
fn mistakes_in_cargo_toml_say_where_they_are_and_what_to_write() {
    let app = configured();
    let manifest = app.project.path("Cargo.toml");
    let at = |place: &str| format!("{}:{place}: ", manifest.display());
    let fails = |place: &str, message: &str| {
        app.run("bare", &[]).failure().says(&[&at(place), message]);
    };
    app.with_pool("bare", "mx = 2");
    fails(
        "5:1",
        "unknown key `mx` (did you mean `max`?); expected `max`, `names`",
    );
    app.with_pool("bare", "max = \"2\"");
    fails(
        "5:7",
        "`max` must be a whole number of at least 1, without quotes: `max = 2`; found the string `\"2\"`",
    );
    app.with_pool("bare", "max = 0");
    fails(
        "5:7",
        "`max` must be a whole number of at least 1, like `max = 2`; found the integer `0`",
    );
    app.with_pool("bare", "names = \"db_a\"");
    fails("5:9", "`names` must be a list of at least one name");
    app.with_pool("bare", "wait_timeout = 3");
    fails(
        "5:16",
        "`wait_timeout` must be a string with a unit: `wait_timeout = \"3s\"`; found the integer `3`",
    );
    app.with_pool("bare", "wait_timeout = \"3 eons\"");
    fails(
        "5:16",
        "`wait_timeout` must be a duration like \"90s\" or \"3m\"; found the string `\"3 eons\"`",
    );
    app.with_pool("bare", "scope = \"workspaces\"");
    fails(
        "5:9",
        "unknown scope \"workspaces\" (did you mean `workspace`?)",
    );
    app.with_pool("bare", "max = 2\nnames = [\"a\"]");
    fails("6:1", "pool `bare` has both `max` and `names`; keep one");
    app.with("[workspace.metadata.name_manager.pools.bare]\nmax = 2");
    fails(
        "4:21",
        "unknown key `name_manager` (did you mean `name-manager`?)",
    );
    app.with("[workspace.metadata.name-manger.pools.bare]\nmax = 2");
    fails(
        "4:21",
        "unknown key `name-manger` (did you mean `name-manager`?)",
    );
    app.with("[workspace.metadata.name-manager.pool.bare]\nmax = 2");
    fails(
        "4:34",
        "unknown key `pool` (did you mean `pools`?); expected `pools`",
    );
    app.with("[workspace.metadata.name-manager]\npools = 2");
    fails("5:9", "`pools` must be a table; found the integer `2`");
    app.with_pool("Bare", "max = 2");
    fails("4:40", "pool name `Bare` has capital letters");
    app.with("[workspace.metadata.name-manager.pools.bare]\nmax = = 2");
    fails("5:7", "not TOML");
}

#[test]
fn mistakes_in_variables_say_what_to_write() {
    let app = configured();
    app.with("");
    let fails = |key: &str, value: &str, message: &str| {
        app.run("bare", &[(key, value)]).failure().says(&[message]);
    };
    fails(
        "NAME_MANAGER_WAIT_TIMOUT",
        "3m",
        "unknown variable NAME_MANAGER_WAIT_TIMOUT (did you mean `NAME_MANAGER_WAIT_TIMEOUT`?)",
    );
    fails(
        "NAME_MANAGER_POOL_BARE_MAKS",
        "3",
        "unknown variable NAME_MANAGER_POOL_BARE_MAKS (did you mean `NAME_MANAGER_POOL_BARE_MAX`?)",
    );
    fails(
        "NAME_MANAGER_POOL_BARE_MAX",
        "two",
        "variable NAME_MANAGER_POOL_BARE_MAX is \"two\"; expected a whole number of at least 1",
    );
    fails(
        "NAME_MANAGER_POOL_BARE_NAMES",
        "a,b,A",
        "variable NAME_MANAGER_POOL_BARE_NAMES lists `a` and `A`",
    );
    fails(
        "NAME_MANAGER_SCOPE",
        "home",
        "variable NAME_MANAGER_SCOPE: unknown scope \"home\"",
    );
}

#[test]
fn what_a_pool_can_never_lend_is_refused_at_once() {
    let app = configured();
    let fails = |test: &str, message: &str| {
        app.run(test, &[]).failure().says(&[message]);
    };
    app.with("");
    app.run("three", &[])
        .success()
        .says(&["lent bare-2 of ever more"]);
    app.run("seventh", &[])
        .success()
        .says(&["lent bare-7 of ever more"]);
    fails(
        "all",
        "cannot acquire all of unbounded pool `bare`; give it `max` or `names`",
    );
    app.with_pool("bare", "max = 2");
    fails(
        "three",
        "asked pool `bare` for 3 names; it has 2 (bare-0, bare-1): ask for fewer, or give it more",
    );
    fails(
        "seventh",
        "pool `bare` has no name `bare-7`; it has bare-0, bare-1",
    );
    app.with_pool("bare", "names = [\"db_a\"]");
    fails("seventh", "pool `bare` has no name `bare-7`; it has db_a");
    fails(
        "three",
        "asked pool `bare` for 3 names; it has 1 (db_a): ask for fewer, or give it more",
    );
    app.with_pool("listed", "max = 3");
    fails(
        "listed",
        "pool `listed` has `max = 3` from [workspace.metadata.name-manager.pools.listed] in Cargo.toml, but only `names = [\"red\", \"green\"]` at app/tests/probe.rs:44; lower `max` or list more names",
    );
    app.with_pool("listed", "template = \"db_{index}\"");
    fails(
        "listed",
        "pool `listed` has the template \"db_{index}\" from [workspace.metadata.name-manager.pools.listed] in Cargo.toml, but `names = [\"red\", \"green\"]` at app/tests/probe.rs:44; keep one",
    );
}

#[test]
fn a_variable_that_is_about_no_pool_is_told_where_one_is_near() {
    let app = configured();
    app.with("");
    let misspelt = ("NAME_MANAGER_POOL_SIZD_MAX", "1");
    let told = "variable NAME_MANAGER_POOL_SIZD_MAX is about a pool that neither Cargo.toml nor this program knows; is pool `sized` meant? Then write NAME_MANAGER_POOL_SIZED_MAX";
    app.run("sized", &[misspelt]).success().says(&[told]);
    // One that has its own, and one that is far, are left alone.
    let own = ("NAME_MANAGER_POOL_SIZED_MAX", "1");
    let far = ("NAME_MANAGER_POOL_ELSEWHERE_MAX", "1");
    let said = app.run("sized", &[misspelt, own, far]).success();
    assert!(!said.stderr.contains("is about a pool"), "{said}");
}
