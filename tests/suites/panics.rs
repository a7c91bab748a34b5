//! Tests that are to panic: they fail when they could not begin.

use std::sync::LazyLock;

use crate::command::Command;
use crate::project::{Project, alone};

static PROJECT: LazyLock<Project> = LazyLock::new(|| {
    let manifest = alone("panics").replace(
        "\n[workspace]",
        r#"
        rstest = { version = "*", default-features = false }
        test-case = "*"
        tokio = { version = "*", default-features = false, features = ["macros", "rt"] }

        [workspace]"#,
    );
    Project::new(
        "panics",
        &[
            ("Cargo.toml", manifest),
            ("src/lib.rs", String::new()),
            (
                "tests/panics.rs",
                include_str!("crates/panics.rs").to_owned(),
            ),
        ],
    )
});

fn cargo_test(module: &str) -> Command {
    PROJECT.cargo(&["test", "--test", "panics", "--", module])
}

#[test]
fn a_test_that_is_to_panic_fails_when_it_has_no_lease() {
    let run = cargo_test("without::").args(&["--skip", "cases_"]);
    let run = run.finish().failure();
    run.says(&[
        "0 passed; 10 failed",
        "has no name `elsewhere`",
        "nobody answers at with-0",
        "with-0 is in pieces",
        "test did not panic as expected",
        "the body did not run",
    ]);
}

#[test]
fn a_test_that_is_to_panic_passes_when_it_has_its_lease() {
    cargo_test("with::").finish().success().says(&["8 passed"]);
}

#[test]
fn a_case_that_is_to_panic_ends_the_process_when_it_has_no_lease() {
    for (case, why) in [
        ("of_rstest", "has no name `elsewhere`"),
        ("of_test_case", "has no name `elsewhere`"),
        ("parameter", "nobody answers at with-0"),
    ] {
        let test = format!("cases_without::{case}");
        let run = cargo_test(&test).finish().failure();
        let run = run.says(&[&format!("the body of `{test}"), why]);
        assert!(!run.stdout.contains("passed"), "{run}");
    }
}
