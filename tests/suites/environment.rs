//! `set_env`: where a process runs one test, its environment is that test's.

use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use nm_runtime::journal::Kind;

use crate::command::{Command, Finished, has_nextest, wait_until};
use crate::project::{Project, alone};

const CONFIGURATION: &str = r#"
[dependencies.rstest]
version = "*"
default-features = false

[dependencies.tokio]
version = "*"
default-features = false
features = ["macros", "rt-multi-thread"]

[workspace.metadata.name-manager.pools]
db = { max = 8, env = { DATABASE_URL = "postgres://localhost/{name}" } }
twin = { max = 8, env = { DATABASE_URL = "postgres://elsewhere/{name}" } }
one = { max = 1, env = { DATABASE_URL = "postgres://localhost/{name}" } }
hooked = { max = 2, env = { DATABASE_URL = "postgres://localhost/{name}" } }
left-behind = { max = 1, env = { LEFT = "{name}" } }
apart = { max = 1, env = { HOST = "{name}", PORT = "2500" } }
mail = { max = 8, env = { MAIL_PORT = "250{index}" } }
plain = { max = 1 }
"#;

static PROJECT: LazyLock<Project> = LazyLock::new(|| {
    let test = include_str!("crates/environment.rs");
    Project::new(
        "environment",
        &[
            ("Cargo.toml", alone("environment") + CONFIGURATION),
            ("src/lib.rs", String::new()),
            ("tests/environment.rs", test.to_owned()),
        ],
    )
});

static BINARY: LazyLock<PathBuf> =
    LazyLock::new(|| PROJECT.binary("environment", "tests/environment.rs"));

/// The test binary, with these arguments, as somebody has set its variables.
fn binary(args: &[&str]) -> Command {
    let binary = Command::new(&*BINARY, PROJECT.root());
    binary.args(args).env("DATABASE_URL", "postgres://mine")
}

/// One test, in a process of its own.
fn only(test: &str) -> Finished {
    binary(&["--exact", test, "--nocapture"]).finish()
}

#[test]
fn a_test_alone_in_its_process_finds_the_variables_of_its_lease() {
    let listed = binary(&["--list", "--format=terse"]).finish().success();
    let tests = listed
        .stdout
        .lines()
        .filter_map(|line| line.strip_suffix(": test"));
    let tests: Vec<_> = tests.filter(|test| test.starts_with("alone::")).collect();
    assert!(tests.len() > 15, "{tests:?}");
    for test in tests {
        only(test).success().says(&["1 passed"]);
    }
}

#[test]
fn nextest_starts_each_test_alone() {
    if has_nextest() {
        let run = PROJECT.cargo(&["nextest", "run", "--no-fail-fast", "-j8", "-E"]);
        let run = run
            .arg("test(/^alone::/)")
            .env("DATABASE_URL", "postgres://mine");
        run.finish().success();
    }
}

#[test]
fn among_other_tests_it_is_refused_before_anything_is_acquired() {
    const TEST: &str = "among::one_test";
    PROJECT.forget("apart");
    let acquired = || PROJECT.history("apart").count(Kind::Acquired);
    let cargo_test = |args: &[&str]| {
        let cargo = PROJECT.cargo(&["test", "--test", "environment", "--"]);
        cargo.args(args).finish()
    };
    // Not even with one thread: the next test would find the variables of this one.
    for args in [&[TEST][..], &[TEST, "--test-threads=1"]] {
        let message = format!(
            "cannot set the variables of pool `apart` (HOST, PORT): this process was started by `cargo` with `{}`, not with `--exact` and the name of one test, and all tests that it runs have one environment; run them with `cargo nextest run`, which starts a process for each; or take the value from the lease, `lease.env(\"HOST\")`, and pass it to the code under test",
            args.join(" ")
        );
        cargo_test(args).failure().says(&[&message]);
    }
    let all = cargo_test(&[]).failure();
    all.says(&["started by `cargo` without arguments"]);
    assert_eq!(acquired(), 0);
    // That cargo starts it is not in the way.
    cargo_test(&[TEST, "--exact"]).success().says(&["1 passed"]);
    assert_eq!(acquired(), 1);
}

#[test]
fn who_cannot_have_variables_is_told_why() {
    for (test, why) in [
        (
            "among_threads_of_a_runtime",
            "cannot set the variables of pool `db` (DATABASE_URL): this process has other threads, which may be reading them (`tokio-rt-worker`)",
        ),
        (
            "on_a_thread_that_is_timed",
            "started before by a runtime of several threads, a `#[timeout]` or a hook",
        ),
        (
            "after_hooks_that_left_a_thread",
            "cannot set the variables of pool `left-behind` any more: this process has other threads, which may be reading them (`left behind`)",
        ),
        (
            "one_variable_of_two_pools",
            "both set the variable `DATABASE_URL`; give it another name in one of them",
        ),
        (
            "one_variable_of_two_leases",
            "of pool `db` as long as that is lent; leave out one `set_env`",
        ),
        (
            "a_pool_without_variables",
            "`set_env` has nothing to set, since pool `plain` has no variables; write `env = { KEY = \"..{name}..\" }` under [workspace.metadata.name-manager.pools.plain]",
        ),
        (
            "on_a_thread_of_the_test",
            "cannot set the variables of pool `db` (DATABASE_URL): this process has other threads",
        ),
    ] {
        only(&format!("refused::{test}")).failure().says(&[why]);
    }
}

#[test]
fn a_test_that_had_to_wait_finds_them_too() {
    PROJECT.forget("one");
    let go = PROJECT.path("go");
    let _ = fs::remove_file(&go);
    let start = |test: &str| {
        let command = binary(&["--exact", &format!("waits::{test}"), "--nocapture"]);
        command.env("GO", &go).start()
    };
    let count = |kind| PROJECT.history("one").count(kind);
    let first = start("first");
    wait_until("the first has it", || count(Kind::Acquired) == 1);
    let others = [start("second"), start("second"), start("third")];
    wait_until("all others wait", || count(Kind::Waiting) == 3);
    fs::write(&go, "").unwrap();
    first.finish().success();
    for other in others {
        other.finish().success();
    }
    PROJECT.history("one").check(1);
}
