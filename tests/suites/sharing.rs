//! Pools of every kind, shared by the tests of one package.

use std::sync::LazyLock;

use nm_runtime::journal::Kind;

use crate::command::{Command, Finished, has_nextest};
use crate::project::{Project, package, workspace};

/// The workspace of this file, of `bodies` and of `waiting`. Each test uses
/// pools that no other does.
pub static PROJECT: LazyLock<Project> = LazyLock::new(|| {
    Project::new(
        "sharing",
        &[
            ("Cargo.toml", workspace(&["app"])),
            ("app/Cargo.toml", package("app")),
            ("app/src/lib.rs", String::new()),
            (
                "app/tests/meet/mod.rs",
                include_str!("crates/meet.rs").to_owned(),
            ),
            (
                "app/tests/sharing.rs",
                include_str!("crates/sharing.rs").to_owned(),
            ),
            (
                "app/tests/failing.rs",
                include_str!("crates/failing.rs").to_owned(),
            ),
        ],
    )
});

/// `cargo test` of one module.
pub fn cargo_test(target: &str, module: &str, threads: u32) -> Command {
    let threads = format!("--test-threads={threads}");
    PROJECT.cargo(&["test", "--test", target, "--", module, &threads])
}

fn nextest(module: &str, slots: u32) -> Command {
    let slots = format!("-j{slots}");
    PROJECT.cargo(&["nextest", "run", "--test", "sharing", &slots, module])
}

fn ran(finished: Finished, tests: usize) {
    let libtest = format!("ok. {tests} passed");
    let nextest = format!("{tests} tests run: {tests} passed");
    let finished = finished.success();
    let all = [&finished.stdout, &finished.stderr]
        .iter()
        .any(|text| text.contains(&libtest) || text.contains(&nextest));
    assert!(all, "expected {tests} tests: {finished}");
}

#[test]
fn twelve_tests_share_two_names() {
    let check = |runs: usize| {
        let history = PROJECT.history("db");
        assert_eq!(history.lent().len(), 12 * runs);
        assert_eq!(history.runs().len(), runs);
        let most = history.check(2);
        PROJECT.forget("db");
        most
    };
    ran(cargo_test("sharing", "two_names::", 1).finish(), 12);
    assert_eq!(check(1), 1);
    // Whoever has a name keeps it until so many others wait that all are there.
    let two = cargo_test("sharing", "two_names::", 2);
    ran(two.finish(), 12);
    check(1);
    let eight = cargo_test("sharing", "two_names::", 8).env("SUITE_WAITING", "6");
    ran(eight.finish(), 12);
    assert_eq!(check(1), 2);
    if has_nextest() {
        ran(
            nextest("two_names::", 4).env("SUITE_WAITING", "2").finish(),
            12,
        );
        assert_eq!(check(1), 2);
    }
    // Two complete runs at once: neither ends before both have come.
    let runs = [(); 2].map(|()| {
        let run = cargo_test("sharing", "two_names::", 8);
        run.env("SUITE_WAITING", "14").start()
    });
    for run in runs {
        ran(run.finish(), 12);
    }
    assert_eq!(check(2), 2);
}

#[test]
fn an_unbounded_pool_lends_free_names_again_before_it_makes_new_ones() {
    ran(cargo_test("sharing", "ever_more::", 1).finish(), 8);
    assert_eq!(Vec::from_iter(PROJECT.history("port").names()), ["port-0"]);
    PROJECT.history("port").check(1);
    PROJECT.forget("port");

    let all = cargo_test("sharing", "ever_more::", 8).env("SUITE_ALL_AT_ONCE", "1");
    ran(all.finish(), 8);
    let history = PROJECT.history("port");
    assert_eq!(history.check(8), 8);
    assert_eq!(history.names().len(), 8);
    PROJECT.forget("port");

    // Never more names than tests at once.
    ran(cargo_test("sharing", "ever_more::", 3).finish(), 8);
    PROJECT.history("port").check(3);
    assert!(PROJECT.history("port").names().len() <= 3);
    PROJECT.forget("port");
}

#[test]
fn listed_names_are_lent_in_their_order() {
    ran(cargo_test("sharing", "listed::", 1).finish(), 4);
    let history = PROJECT.history("colour");
    history.check(1);
    assert_eq!(history.lent(), ["red", "red", "green", "red"]);
    assert_eq!(
        history.served(),
        [
            "first",
            "held_without_a_parameter",
            "that_one",
            "under_another_name"
        ]
    );
    PROJECT.forget("colour");
}

#[test]
fn readers_hold_one_name_together() {
    ran(cargo_test("sharing", "shared::", 3).finish(), 3);
    let history = PROJECT.history("catalogue");
    assert_eq!(history.check(1), 1);
    assert_eq!(history.lent(), ["catalogue-0"; 3]);
    PROJECT.forget("catalogue");
}

#[test]
fn no_reader_beside_a_writer() {
    ran(cargo_test("sharing", "mixed::", 8).finish(), 12);
    PROJECT.history("ledger").check(2);
    PROJECT.forget("ledger");
}

#[test]
fn one_name_two_names_and_all_names_of_one_pool() {
    ran(cargo_test("sharing", "several::", 8).finish(), 9);
    let history = PROJECT.history("node");
    history.check(3);
    let mut sizes = history.sizes();
    sizes.sort();
    assert_eq!(sizes, [1, 1, 1, 2, 2, 2, 3, 3, 3]);
    PROJECT.forget("node");
}

#[test]
fn pools_asked_for_in_opposing_orders_do_not_lock_each_other_out() {
    let run = cargo_test("sharing", "opposing::", 4).env("SUITE_WAITING", "3");
    ran(run.finish(), 6);
    for pool in ["left", "right"] {
        let history = PROJECT.history(pool);
        history.check(1);
        assert_eq!(history.lent().len(), 6);
        assert_eq!(history.count(Kind::Deadlock), 0);
        PROJECT.forget(pool);
    }
}

#[test]
fn an_attribute_on_a_module_goes_to_every_test_in_it() {
    ran(cargo_test("sharing", "annotated::", 2).finish(), 3);
    let history = PROJECT.history("desk");
    history.check(1);
    let tests = history.tests();
    assert_eq!(
        Vec::from_iter(tests),
        [
            "sharing::annotated::nested::deeper",
            "sharing::annotated::with_a_parameter",
            "sharing::annotated::without_one",
        ]
    );
    PROJECT.forget("desk");
}

#[test]
fn a_parameter_of_the_users_type_keeps_the_name() {
    ran(cargo_test("sharing", "client::", 1).finish(), 1);
    PROJECT.history("smtp").check(1);
    PROJECT.forget("smtp");
}
