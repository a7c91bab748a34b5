//! Programs without a pool's hooks, or without its allocator, beside others that have
//! them.

use std::fs;
use std::path::Path;

use nm_runtime::record::{Record, State};

use crate::command::{Command, Finished, wait_until};
use crate::project::{Project, package, workspace};

/// Waits in its body for a file, if it is told one.
const TEST: &str = r#"
use name_manager::{Lease, shared_resource};

#[shared_resource(pool = "app", max = 1)]
#[test]
fn holds(app: Lease) {
    println!("held {app}");
    if let Ok(go) = std::env::var("GO") {
        std::fs::write(format!("{go}.begun"), "").unwrap();
        // The bound only ends what would hang.
        for _ in 0..100_000 {
            if std::path::Path::new(&go).exists() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        panic!("never");
    }
    assert!(std::env::var("PANIC").is_err());
}
"#;

const ALLOCATOR: &str = r#"
use name_manager::{Allocator, Asked, Assigned, Assignment, BoxError};

#[derive(Default)]
struct Slots;

#[name_manager::resource(pool = "slots")]
impl Allocator for Slots {
    type State = Vec<String>;

    fn load(&self, text: &str) -> Result<Vec<String>, BoxError> {
        Ok(text.split_whitespace().map(str::to_owned).collect())
    }

    fn save(&self, slots: &Vec<String>) -> String {
        slots.join(" ")
    }

    fn assign(&self, slots: &mut Vec<String>, _asked: &Asked<'_>) -> Assignment {
        let free = ["slots-0", "slots-1"].into_iter();
        let free = free.map(str::to_owned).find(|slot| !slots.contains(slot));
        match free {
            None => Assignment::Busy,
            Some(slot) => {
                slots.push(slot.clone());
                Assigned::name(slot).into()
            }
        }
    }

    fn release(&self, slots: &mut Vec<String>, name: &str) {
        slots.retain(|slot| slot != name);
    }
}
"#;

/// A crate with hooks, a test that has them, and one that forgot to.
fn with_hooks() -> Project {
    project("hooks", include_str!("crates/kit.rs"), TEST)
}

/// The same of an allocator.
fn with_allocator() -> Project {
    let test = TEST.replace("app", "slots").replace(", max = 1", "");
    project("allocator", ALLOCATOR, &test)
}

fn project(code: &str, library: &str, test: &str) -> Project {
    let kit = format!("testing-{code}");
    // Of two packages with one name, cargo would find one built.
    let user = format!("user-{code}");
    let dependency = format!("\n[dev-dependencies]\n{kit} = {{ path = \"../testing\" }}\n");
    let linked = format!("use testing_{code} as _;\n{test}");
    Project::new(
        &format!("missing-{code}"),
        &[
            ("Cargo.toml", workspace(&["testing", "user"])),
            ("testing/Cargo.toml", package(&kit)),
            ("testing/src/lib.rs", library.to_owned()),
            ("user/Cargo.toml", package(&user) + &dependency),
            ("user/src/lib.rs", String::new()),
            ("user/tests/a_without.rs", test.to_owned()),
            ("user/tests/with.rs", linked),
        ],
    )
}

/// `cargo test` of these tests, with state of its own.
fn test(project: &Project, state: &Path, tests: &[&str]) -> Command {
    let mut command = project.cargo(&["test", "--no-fail-fast"]);
    for test in tests {
        command = command.args(&["--test", test]);
    }
    let command = command.args(&["--", "--nocapture"]);
    command
        .env("NAME_MANAGER_DIR", state)
        .env("KIT_CALLS", state.join("calls"))
}

fn is_refused_for_hooks(refused: Finished) -> Finished {
    refused.failure().says(&[
        "pool `app` has hooks, at testing/src/lib.rs:",
        "neither initialised nor reset",
        "`use testing_hooks as _;`",
        "`name-manager reset app`",
    ])
}

fn until_torn_down(state: &Path, times: usize) {
    let calls = || fs::read_to_string(state.join("calls")).unwrap_or_default();
    wait_until("teardown", || calls().matches("teardown").count() == times);
}

#[test]
fn a_test_without_the_hooks_gets_no_name_that_nobody_made_ready() {
    let (project, state) = (with_hooks(), tempfile::tempdir().unwrap());
    let state = state.path();
    test(&project, state, &["with"]).finish().success();
    until_torn_down(state, 1);
    // The pool is as it was before; that it has hooks is known.
    is_refused_for_hooks(test(&project, state, &["a_without"]).finish());
    test(&project, state, &["with"]).finish().success();
    until_torn_down(state, 2);
}

#[test]
fn a_test_without_the_hooks_leaves_a_name_as_it_found_it() {
    let (project, state) = (with_hooks(), tempfile::tempdir().unwrap());
    let state = state.path();
    let failed = test(&project, state, &["with"])
        .env("PANIC", "1")
        .env("NAME_MANAGER_KEEP", "always");
    failed.finish().failure();
    let record = || {
        let text = fs::read(state.join("pools/app/names/app-0.json")).unwrap();
        Record::parse(&text).unwrap()
    };
    let before = record();
    assert_eq!(before.state, State::Dirty);
    is_refused_for_hooks(test(&project, state, &["a_without"]).finish());
    let after = record();
    assert_eq!(
        (after.state, after.reason, after.life),
        (before.state, before.reason, before.life)
    );
}

#[test]
fn who_lacks_the_hooks_does_not_wait_to_be_told() {
    let (project, state) = (with_hooks(), tempfile::tempdir().unwrap());
    let state = state.path();
    let go = state.join("go");
    let holder = test(&project, state, &["with"]).env("GO", go.to_str().unwrap());
    let holder = holder.start();
    wait_until("it holds", || state.join("go.begun").exists());
    is_refused_for_hooks(test(&project, state, &["a_without"]).finish());
    fs::write(go, "").unwrap();
    holder.finish().success();
}

#[test]
fn the_first_run_is_told_too() {
    let (project, state) = (with_hooks(), tempfile::tempdir().unwrap());
    let state = state.path();
    let both = || test(&project, state, &["a_without", "with"]);
    // Nobody could know when the first of them began.
    both().finish().failure().says(&[
        "held app-0",
        "`a_without::holds` (user/tests/a_without.rs:4) was lent `app-0` in this run without the hooks of pool `app`, at testing/src/lib.rs:",
        "`use testing_hooks as _;`",
    ]);
    is_refused_for_hooks(both().finish());
}

#[test]
fn a_test_without_the_allocator_is_lent_nothing_beside_its_decisions() {
    let (project, state) = (with_allocator(), tempfile::tempdir().unwrap());
    let state = state.path();
    let go = state.join("go");
    let refused = || {
        test(&project, state, &["a_without"])
            .finish()
            .failure()
            .says(&[
                "pool `slots` has an allocator, at testing/src/lib.rs:",
                "`use testing_allocator as _;`",
                "`name-manager reset slots`",
            ])
    };
    let holder = test(&project, state, &["with"]).env("GO", go.to_str().unwrap());
    let holder = holder.start();
    wait_until("it holds", || state.join("go.begun").exists());
    refused();
    fs::write(go, "").unwrap();
    holder.finish().success();
    // What is free, it alone knows.
    refused();
}

#[test]
fn an_allocator_decides_nothing_beside_a_lease_that_did_not_ask_it() {
    let (project, state) = (with_allocator(), tempfile::tempdir().unwrap());
    let state = state.path();
    let go = state.join("go");
    let holder = test(&project, state, &["a_without"]).env("GO", go.to_str().unwrap());
    let holder = holder.start();
    wait_until("it holds", || state.join("go.begun").exists());
    test(&project, state, &["with"]).finish().failure().says(&[
        "`slots-0` is held by `a_without::holds` (pid ",
        "without asking the allocator of pool `slots`, at testing/src/lib.rs:",
    ]);
    fs::write(go, "").unwrap();
    holder.finish().success();
    test(&project, state, &["with"]).finish().success();
}
