//! The real suite, really run: `examples/bookshop`, with and without the attribute.
//!
//! These tests may run at the same time. They share the bookshop's two
//! databases as any other runs of it would: that is what it is for.

#![cfg(unix)] // starts cargo; elsewhere `tests/runner` stands in for it

mod ledger;
mod run;
mod suite;

use ledger::Ledger;
use run::Run;
use std::collections::BTreeMap;
use suite::Suite;

/// As in the bookshop's `Cargo.toml`.
const MAX: usize = 2;

#[test]
fn one_thread_is_green() {
    let suite = Suite::here();
    let id = Run::start(suite.cargo_test(1)).expect_green();
    assert_eq!(check(&suite, &id).most_at_once(), 1);
}

#[test]
fn two_threads_are_green() {
    let suite = Suite::here();
    let id = Run::start(suite.cargo_test(2)).expect_green();
    check(&suite, &id);
}

#[test]
fn eight_threads_are_green() {
    let suite = Suite::here();
    let id = Run::start(suite.cargo_test(8)).expect_green();
    check(&suite, &id);
}

#[test]
fn a_process_for_each_test_is_green() {
    if !suite::has_nextest() {
        assert_ne!(
            std::env::var("CI").as_deref(),
            Ok("true"),
            "cargo-nextest is missing"
        );
        println!("skipped: cargo-nextest is not installed");
        return;
    }
    let suite = Suite::here();
    let id = Run::start(suite.nextest()).expect_green();
    check(&suite, &id);
}

#[test]
fn two_complete_runs_at_once_are_green() {
    let suite = Suite::here();
    Run::start(suite.build()).expect_green();
    // Two runs that did not meet prove nothing; on a busy machine that happens.
    for _ in 0..5 {
        let runs = [
            Run::start(suite.cargo_test(8)),
            Run::start(suite.cargo_test(8)),
        ];
        let [one, other] = runs.map(|run| check(&suite, &run.expect_green()));
        if met(&one, &other) {
            return;
        }
    }
    panic!("of five pairs of runs, none were at work at the same time");
}

#[test]
fn without_the_attribute_it_is_red() {
    let suite = Suite::here().without_attribute();
    Run::start(suite.build()).expect_green();
    // One at a time it is green, so what breaks it is company.
    Run::start(suite.cargo_test(1)).expect_green();
    let report = Run::start(suite.cargo_test(8)).expect_red();
    let broken = report.matches("test result: FAILED").count();
    assert_eq!(broken, 3, "test binaries that failed:\n{report}");
}

#[test]
fn a_name_held_twice_would_be_seen() {
    let workspace = tempfile::tempdir().unwrap();
    let pool = workspace.path().join(".name-manager/pools/shop");
    std::fs::create_dir_all(&pool).unwrap();
    let line = |kind: &str, test: &str, name: &str, fence: u8| {
        let lease = format!(r#""pool":"shop","name":"{name}","fence":{fence},"id":"{test}""#);
        let holder = format!(
            r#"{{"test":"{test}","pid":1,"token":"1-0","run":"r","file":"f.rs","line":1,"since":7}}"#
        );
        format!(r#"{{"v":1,"time":7,"kind":"{kind}",{lease},"holder":{holder}}}"#) + "\n"
    };
    let journal = [
        line("acquired", "a", "shop-0", 1),
        line("acquired", "b", "shop-1", 1),
        line("released", "b", "shop-1", 1),
        line("acquired", "c", "shop-1", 2),
        line("acquired", "d", "shop-0", 2),
        line("released", "a", "shop-0", 1),
    ];
    std::fs::write(pool.join("journal.jsonl"), journal.concat()).unwrap();
    let ledger = Ledger::read(workspace.path(), "shop").unwrap();
    let clashes: Vec<_> = (ledger.clashes("r").into_iter())
        .map(|(one, other)| (&*one.test, &*other.test))
        .collect();
    assert_eq!(clashes, [("a", "d")]);
    assert_eq!(ledger.most_at_once(), 3);
    assert_eq!(ledger.clashes("another run").len(), 0);
}

/// Checks in the journal what must hold for every run; returns the run's leases.
fn check(suite: &Suite, run: &str) -> Ledger {
    let journal = Ledger::read(suite.directory(), "shop").unwrap();
    let clashes = journal.clashes(run);
    assert!(clashes.is_empty(), "held twice: {clashes:#?}");
    let ledger = journal.of_run(run);
    assert!(ledger.most_at_once() <= MAX, "{ledger:#?}");
    assert!(
        ledger.names().is_subset(&["shop-0", "shop-1"].into()),
        "{ledger:#?}"
    );
    let mut leases: BTreeMap<&str, usize> = BTreeMap::new();
    for hold in &ledger.holds {
        assert!(hold.until.is_some(), "never released: {hold:?}");
        *leases.entry(&hold.test).or_default() += 1;
    }
    assert_eq!(leases.len(), suite.tests(), "{leases:#?}");
    assert!(leases.values().all(|count| *count == 1), "{leases:#?}");
    ledger
}

/// Returns whether each run had a lease before the other's last one ended.
fn met(one: &Ledger, other: &Ledger) -> bool {
    let first = |ledger: &Ledger| ledger.holds.iter().map(|hold| hold.first_line).min();
    let last = |ledger: &Ledger| ledger.holds.iter().map(|hold| hold.last_line).max();
    first(one) < last(other) && first(other) < last(one)
}
