//! Attributes that say different things of one pool.

use std::sync::LazyLock;

use crate::command::has_nextest;
use crate::project::{Project, package, workspace};

static PROJECT: LazyLock<Project> = LazyLock::new(|| {
    let test = |pool: &str, size: &str, name: &str| {
        format!(
            "#[name_manager::shared_resource(pool = {pool:?}{size})]\n#[test]\nfn {name}() {{}}\n"
        )
    };
    let same = test("one", ", max = 2", "two") + &test("one", ", max = 3", "three");
    Project::new(
        "conflicts",
        &[
            ("Cargo.toml", workspace(&["app"])),
            ("app/Cargo.toml", package("app")),
            ("app/src/lib.rs", String::new()),
            ("app/tests/a_same.rs", same),
            ("app/tests/b_left.rs", test("two", ", max = 2", "left")),
            (
                "app/tests/c_right.rs",
                test("two", ", names = [\"a\", \"b\"]", "right"),
            ),
            ("app/tests/d_left.rs", test("three", ", max = 2", "left")),
            (
                "app/tests/e_right.rs",
                test("three", ", max = 2", "right") + &test("three", "", "silent"),
            ),
        ],
    )
});

#[test]
fn two_sizes_in_one_binary_are_an_error_that_names_both_places() {
    for only in ["two", "three"] {
        let run = PROJECT.cargo(&["test", "--test", "a_same", only]);
        let run = run.finish().failure();
        let said = run.stdout.replace("app/tests/a_same.rs", "HERE");
        let message = |one: &str, other: &str| {
            format!(
                "pool `one` has `{one}` but `{other}`; say it in one place, under [workspace.metadata.name-manager.pools.one] in Cargo.toml"
            )
        };
        // In which order the linker gathers them is its own affair.
        let (two, three) = ("max = 2` at HERE:1", "max = 3` at HERE:4");
        let either = [(two, three), (three, two)].map(|(one, other)| {
            message(one, other)
                .replace(":1`", ":1")
                .replace(":4`", ":4")
        });
        assert!(
            either.iter().any(|text| said.contains(text)),
            "{either:?}: {run}"
        );
    }
}

#[test]
fn two_sizes_in_two_binaries_of_one_run_are_an_error_too() {
    let both = ["--test", "b_left", "--test", "c_right"];
    let expected = "pool `two` has `max = 2` at app/tests/b_left.rs:1 but `names = [\"a\", \"b\"]` at app/tests/c_right.rs:1; say it in one place";
    if cfg!(any(
        target_os = "linux",
        target_os = "macos",
        target_os = "freebsd"
    )) {
        let run = PROJECT.cargo(&["test", "--no-fail-fast"]).args(&both);
        run.finish()
            .failure()
            .says(&["1 passed; 0 failed", "0 passed; 1 failed", expected]);
    }
    if has_nextest() {
        // At once: which of them comes first does not matter, one of them fails.
        let run = PROJECT
            .cargo(&["nextest", "run", "--no-fail-fast", "-j2"])
            .args(&both);
        let run = run.finish().failure();
        run.says(&[
            "2 tests run: 1 passed, 1 failed",
            "pool `two` has `",
            "b_left.rs:1",
            "c_right.rs:1",
        ]);
    }
}

#[test]
fn a_new_run_may_say_something_new() {
    let sizes = |test: &str| PROJECT.cargo(&["test", "--test", test]).finish();
    sizes("b_left").success();
    sizes("c_right").success();
}

#[test]
fn binaries_that_agree_or_say_nothing_share_the_pool() {
    let run = PROJECT.cargo(&["test", "--test", "d_left", "--test", "e_right"]);
    run.finish().success();
    PROJECT.history("three").check(2);
}
