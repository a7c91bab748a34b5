//! Which pool it is when code, checkouts or directories are elsewhere: two who share
//! a pool must know it, and nobody gets the pool of another project.

use std::fs;
use std::path::Path;

use crate::command::{Command, wait_until};
use crate::history::History;
use crate::project::{Project, alone};

const TEST: &str = "
use name_manager::shared_resource;

#[shared_resource(pool = \"app\")]
#[test]
fn holds(app: name_manager::Lease) {
    println!(\"held {app}\");
}
";

/// A package, a workspace by itself, that configures the pool like this.
fn configured(name: &str, pool: &str) -> String {
    alone(name) + "\n[workspace.metadata.name-manager.pools.app]\n" + pool + "\n"
}

fn leases(checkout: &Path) -> usize {
    let pool = checkout.join(".name-manager/pools/app");
    History::read(&pool).lent().len()
}

/// The hooks of a pool, in a workspace of their own: `kit`. It has a pool of that
/// name, too.
fn with_hooks_elsewhere() -> Project {
    let user = "name-manager-user-kit = { package = \"kit\", path = \"../kit\" }\n";
    let user = format!("\n[dev-dependencies]\n{user}");
    let pool = "max = 2\nenv = { URL = \"at/{name}\" }";
    Project::new(
        "hooks-elsewhere",
        &[
            ("user/Cargo.toml", configured("user", pool) + &user),
            ("user/src/lib.rs", String::new()),
            (
                "user/tests/holds.rs",
                format!("use name_manager_user_kit as _;\n{TEST}"),
            ),
            (
                "kit/Cargo.toml",
                configured("kit", "names = [\"kits_own\"]"),
            ),
            ("kit/src/lib.rs", include_str!("crates/kit.rs").to_owned()),
        ],
    )
}

/// What the hooks of `kit` wrote down, once the pool is torn down and nobody is at work
/// in its directory any more.
fn calls(file: &Path, pool: &Path) -> String {
    let read = || fs::read_to_string(file).unwrap_or_default();
    wait_until("teardown", || read().contains("teardown"));
    let runs = || fs::read_dir(pool.join("runs")).unwrap().flatten();
    let is_run = |path: &Path| path.extension().is_some();
    wait_until("the run is over", || {
        !runs().any(|file| is_run(&file.path()))
    });
    read()
}

#[test]
fn hooks_of_a_crate_elsewhere_clean_up_the_pool_of_the_tests() {
    let project = with_hooks_elsewhere();
    let user = project.path("user");
    let dir = tempfile::tempdir().unwrap();
    let test = |calls: &Path| {
        Command::cargo(&user)
            .arg("test")
            .env("KIT_CALLS", calls)
            .finish()
            .success()
    };
    let file = dir.path().join("calls");
    test(&file).says(&["1 passed"]);
    let pool = user.join(".name-manager/pools/app");
    assert_eq!(
        calls(&file, &pool),
        "init app-0 0 at/app-0\ncleanup app-0 0 at/app-0\nteardown\n"
    );
    let served = History::read(&pool);
    assert_eq!(
        served.lent(),
        ["app-0", "app-0"],
        "to the test and to `cleanup`"
    );
    assert!(!project.path("kit/.name-manager").exists());
}

#[cfg(target_os = "linux")]
#[test]
fn hooks_of_a_crate_elsewhere_know_a_users_pool() {
    let project = with_hooks_elsewhere();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("calls");
    Command::cargo(&project.path("user"))
        .arg("test")
        .env("KIT_CALLS", &file)
        .env("NAME_MANAGER_SCOPE", "user")
        .env("NAME_MANAGER_POOL_APP_NAMES", "a,b")
        .env("XDG_STATE_HOME", dir.path())
        .finish()
        .success();
    let told = "init a 0 at/a\ncleanup a 0 at/a\nteardown\n";
    assert_eq!(
        calls(&file, &dir.path().join("name-manager/pools/app")),
        told
    );
}

/// Cargo does not build again what it finds in a target directory that another checkout
/// shares, or that was copied with it.
#[test]
fn a_checkout_whose_tests_were_built_in_another_is_itself() {
    let project = Project::new(
        "copied",
        &[
            ("a/Cargo.toml", configured("app", "max = 1")),
            ("a/src/lib.rs", String::new()),
            ("a/tests/holds.rs", TEST.to_owned()),
        ],
    );
    let (a, b) = (project.path("a"), project.path("b"));
    let test = |checkout: &Path| Command::cargo(checkout).arg("test").finish().success();
    test(&a);
    let copied = Command::new("cp", project.root())
        .args(&["-a", "a", "b"])
        .finish();
    copied.success();
    let names = configured("app", "names = [\"of_b\"]");
    fs::write(b.join("Cargo.toml"), names).unwrap();
    test(&b).says(&["1 passed"]);
    assert_eq!(leases(&a), 1, "what was tested in `b` is not of `a`");
    let lent = History::read(&b.join(".name-manager/pools/app"));
    assert_eq!(lent.lent().last(), Some(&"of_b"));
}

#[test]
fn a_limit_does_not_vanish_with_the_checkout() {
    let project = Project::new(
        "moved",
        &[
            ("here/Cargo.toml", configured("app", "max = 2")),
            ("here/src/lib.rs", String::new()),
            ("here/tests/holds.rs", TEST.to_owned()),
        ],
    );
    let binary = project.binary_in("here", "tests/holds.rs");
    fs::rename(project.path("here"), project.path("there")).unwrap();
    let state = tempfile::tempdir().unwrap();
    let run = |variables: &[(&str, &str)]| {
        let run = Command::new(&binary, state.path()).env("NAME_MANAGER_DIR", state.path());
        let run = variables
            .iter()
            .fold(run, |run, (key, value)| run.env(key, value));
        run.arg("--nocapture").finish()
    };
    let here = project.path("here").display().to_string();
    run(&[])
        .failure()
        .says(&[&here, "NAME_MANAGER_POOL_APP_MAX", "CARGO_MANIFEST_DIR"]);
    run(&[("NAME_MANAGER_POOL_APP_MAX", "1")])
        .success()
        .says(&["held app-0"]);
    let there = project.path("there");
    run(&[("CARGO_MANIFEST_DIR", there.to_str().unwrap())])
        .success()
        .says(&["held app-0"]);
}

/// As trybuild does it, and whoever else generates packages below the target
/// directory.
#[test]
fn a_package_below_the_target_directory_has_the_pools_of_the_workspace_around() {
    below_a_target_directory_with("generated", "CACHEDIR.TAG");
}

/// Cargo tags only what it has made itself: not what was mounted, or made by another tool.
#[test]
fn a_target_directory_that_was_there_before_cargo_is_known_as_one() {
    below_a_target_directory_with("untagged", ".rustc_info.json");
}

/// `mark` is what cargo has left there.
fn below_a_target_directory_with(name: &str, mark: &str) {
    let program = "fn main() {
    let pool = name_manager::Pool::open(\"app\").unwrap();
    println!(\"held {}\", pool.acquire().unwrap());
}
";
    let project = Project::new(
        name,
        &[
            ("Cargo.toml", configured("app", "names = [\"outer\"]")),
            ("src/lib.rs", String::new()),
            (&format!("target/{mark}"), String::new()),
            ("target/tests/inner/Cargo.toml", alone("inner")),
            ("target/tests/inner/src/main.rs", program.to_owned()),
        ],
    );
    let inner = project.path("target/tests/inner");
    Command::cargo(&inner)
        .arg("run")
        .finish()
        .success()
        .says(&["held outer"]);
    assert!(!inner.join(".name-manager").exists());
}

#[cfg(target_os = "linux")]
#[test]
fn a_test_that_changes_home_does_not_change_whose_the_pool_is() {
    let source = "
#[test]
fn holds() {
    std::env::set_var(\"HOME\", env!(\"CARGO_TARGET_TMPDIR\"));
    std::env::set_var(\"XDG_STATE_HOME\", env!(\"CARGO_TARGET_TMPDIR\"));
    let pool = name_manager::Pool::open(\"app\").unwrap();
    drop(pool.acquire().unwrap());
}
";
    // In which a test may still change the environment as it likes.
    let edition_2021 = configured("app", "scope = \"user\"").replace("2024", "2021");
    let project = Project::new(
        "homes",
        &[
            ("Cargo.toml", edition_2021),
            ("src/lib.rs", String::new()),
            ("tests/holds.rs", source.to_owned()),
        ],
    );
    let home = tempfile::tempdir().unwrap();
    Command::cargo(project.root())
        .arg("test")
        .env("XDG_STATE_HOME", home.path())
        .finish()
        .success();
    let pool = home.path().join("name-manager/pools/app");
    assert_eq!(History::read(&pool).lent(), ["app-0"]);
}
