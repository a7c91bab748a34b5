//! Which run and which test an event belongs to.

use std::sync::LazyLock;

use crate::command::{Command, has_nextest};
use crate::project::{Project, package, workspace};

static PROJECT: LazyLock<Project> = LazyLock::new(|| {
    let same = "#[name_manager::shared_resource(pool = \"run\")]\n#[test]\nfn same() {}\n";
    let library = format!(
        "//! ```\n//! name_manager::Pool::open(\"run\").unwrap().acquire().unwrap();\n//! ```\n\n#[cfg(test)]\nmod tests {{\n{same}\n}}\n"
    );
    let renamed =
        package("renamed").replace("name-manager =", "lender = { package = \"name-manager\",");
    let renamed = renamed.replace(", { path", ", path");
    let lender = "//! Denies warnings.\n#![deny(warnings)]\n#![forbid(unsafe_code)]\n\n#[lender::shared_resource(pool = \"lent\", max = 1, crate = lender)]\n#[test]\nfn lent(lent: lender::Lease) {\n    assert_eq!(lent.name(), \"lent-0\");\n}\n";
    Project::new(
        "runs",
        &[
            ("Cargo.toml", workspace(&["books", "renamed"])),
            ("books/Cargo.toml", package("books")),
            ("books/src/lib.rs", library),
            ("books/tests/one.rs", same.to_owned()),
            ("books/tests/two.rs", same.to_owned()),
            ("renamed/Cargo.toml", renamed),
            ("renamed/src/lib.rs", String::new()),
            ("renamed/tests/lent.rs", lender.to_owned()),
        ],
    )
});

#[test]
fn a_run_is_one_cargo_test_or_one_nextest_or_what_the_variable_says() {
    PROJECT.forget("run");
    let runs = || PROJECT.history("run").runs().len();
    let cargo_test = || PROJECT.cargo(&["test", "-p", "books"]).finish().success();
    cargo_test().says(&["Doc-tests books"]);
    let history = PROJECT.history("run");
    assert_eq!(history.lent().len(), 4);
    assert_eq!(
        Vec::from_iter(history.tests())
            .split_last()
            .unwrap()
            .1
            .len(),
        3
    );
    for test in ["books::tests::same", "one::same", "two::same"] {
        assert!(history.tests().contains(test), "{:?}", history.tests());
    }
    if cfg!(any(
        target_os = "linux",
        target_os = "macos",
        target_os = "freebsd"
    )) {
        assert_eq!(runs(), 1);
        cargo_test();
        assert_eq!(runs(), 2);
    }

    PROJECT.forget("run");
    let binary = PROJECT.binary("books", "tests/one.rs");
    for _ in 0..2 {
        let by_hand = Command::new(&binary, PROJECT.root());
        by_hand
            .env("NAME_MANAGER_RUN_ID", "nightly")
            .finish()
            .success();
    }
    let history = PROJECT.history("run");
    assert_eq!(Vec::from_iter(history.runs()), ["nightly"]);
    assert_eq!(history.lent().len(), 2);

    if has_nextest() {
        PROJECT.forget("run");
        let nextest = || PROJECT.cargo(&["nextest", "run", "-p", "books"]).finish();
        nextest().success().says(&["3 tests run: 3 passed"]);
        assert_eq!(runs(), 1);
        nextest().success();
        assert_eq!(runs(), 2);
    }
}

#[test]
fn the_dependency_may_have_another_name() {
    let run = PROJECT.cargo(&["test", "-p", "renamed"]).finish();
    run.success().says(&["1 passed"]);
    PROJECT.history("lent").check(1);
}
