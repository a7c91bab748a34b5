//! Functions of every kind hold their leases while they run.

use std::sync::LazyLock;

use crate::command::Command;
use crate::project::{Project, alone};

const EXAMPLES: &str = r#"//! ```
//! use name_manager::shared_resource;
//!
//! #[shared_resource(pool = "example", max = 1)]
//! #[shared_resource(pool = "other-example", max = 1)]
//! fn main() {
//!     let pool = name_manager::Pool::open("example").unwrap();
//!     assert!(pool.acquire().unwrap_err().is_already_held());
//! }
//! ```
"#;

static PROJECT: LazyLock<Project> = LazyLock::new(|| {
    let manifest = alone("functions").replace(
        "\n[workspace]",
        r#"
        rstest = { version = "*", default-features = false }
        tokio = { version = "*", default-features = false, features = ["macros", "rt"] }

        [workspace]"#,
    );
    Project::new(
        "functions",
        &[
            ("Cargo.toml", manifest),
            ("src/lib.rs", EXAMPLES.to_owned()),
            (
                "tests/functions.rs",
                include_str!("crates/functions.rs").to_owned(),
            ),
        ],
    )
});

fn cargo_test(module: &str) -> Command {
    PROJECT.cargo(&["test", "--test", "functions", "--", module])
}

#[test]
fn tests_hold_their_leases_when_the_attribute_is_below_the_test_attribute() {
    let run = cargo_test("below::").arg("--test-threads=1");
    let run = run.finish().failure();
    run.says(&[
        "4 passed; 1 failed",
        "e_did_not_begin",
        "did not panic as expected",
    ]);
    let history = PROJECT.history("below");
    history.check(1);
    assert_eq!(
        history.served(),
        ["a_plain", "b_asynchronous", "case_1", "d_should_panic"]
    );
    PROJECT.forget("below");
}

#[test]
fn functions_and_methods_hold_leases_of_their_own() {
    let run = cargo_test("called::").arg("--test-threads=1");
    run.finish().success().says(&["2 passed"]);
    for (pool, served) in [
        ("outer", ["test", "two_at_once"].as_slice()),
        ("inner", &["later", "method"]),
        ("after", &["test", "two_at_once"]),
    ] {
        let history = PROJECT.history(pool);
        history.check(1);
        let served: Vec<_> = served
            .iter()
            .map(|function| format!("functions::called::{function}"))
            .collect();
        assert_eq!(Vec::from_iter(history.tests()), served, "{pool}");
        PROJECT.forget(pool);
    }
}

#[test]
fn an_example_in_the_documentation_holds_its_leases() {
    let run = PROJECT.cargo(&["test", "--doc"]).finish().success();
    run.says(&["1 passed"]);
    for pool in ["example", "other-example"] {
        assert_eq!(PROJECT.history(pool).check(1), 1);
        PROJECT.forget(pool);
    }
}
