//! A checkout that is removed while its run is cleaned up, as `git worktree remove` after
//! `cargo test` does it.

use std::fs;
use std::path::PathBuf;

use crate::command::{Command, wait_until};
use crate::scenario::Scenario;
use crate::{kernel, signal};

/// The state directory is in a directory of its own: the checkout.
fn in_checkout(scenario: &Scenario, command: Command) -> (PathBuf, Command) {
    let checkout = scenario.path("checkout");
    let state = checkout.join(".name-manager");
    (checkout, command.env("NAME_MANAGER_DIR", state))
}

/// Returns when every process has ended.
#[track_caller]
fn over(scenario: &Scenario) {
    wait_until("every process has ended", || {
        scenario.processes().is_empty()
    });
}

/// A run that has used six names, of which four are being cleaned up.
fn half_cleaned_up(scenario: &Scenario) -> PathBuf {
    const SIX: [&str; 6] = ["a", "b", "c", "d", "e", "f"];
    let run = scenario.test(
        &["one"],
        &[&["--exact", "--test-threads=6"], &SIX[..]].concat(),
    );
    let (checkout, run) = in_checkout(scenario, run);
    let bodies = SIX.map(|test| format!("{test}:wait")).join(" ");
    let run = run.env("LIFE_BODY", bodies).env("LIFE_DO", "cleanup:wait");
    let run = run.start();
    scenario.until_started("body", 6);
    SIX.iter().for_each(|test| scenario.go(test));
    run.finish().success();
    scenario.until_started("cleanup", 4);
    checkout
}

#[test]
fn all_names_of_a_removed_checkout_are_cleaned_up_and_it_does_not_come_back() {
    let scenario = Scenario::new(6);
    let checkout = half_cleaned_up(&scenario);
    fs::remove_dir_all(&checkout).unwrap();
    scenario.go("cleanup");
    over(&scenario);
    scenario.calls().expect_whole_life(6);
    assert!(!checkout.exists());
}

#[test]
fn a_state_directory_that_is_removed_alone_does_not_come_back_either() {
    let scenario = Scenario::new(6);
    let checkout = half_cleaned_up(&scenario);
    fs::remove_dir_all(checkout.join(".name-manager")).unwrap();
    scenario.go("cleanup");
    over(&scenario);
    scenario.calls().expect_whole_life(6);
    assert_eq!(fs::read_dir(&checkout).unwrap().count(), 0);
}

/// Names of the same text are another's now.
#[test]
fn nothing_is_cleaned_up_without_a_lease_where_another_run_has_begun_anew() {
    let scenario = Scenario::new(6);
    let checkout = half_cleaned_up(&scenario);
    let state = checkout.join(".name-manager");
    fs::remove_dir_all(&state).unwrap();
    let (_, run) = in_checkout(&scenario, scenario.test(&["two"], &["--exact", "g"]));
    let run = run.env("LIFE_BODY", "g:wait").start();
    scenario.until_started("body", 7);
    scenario.go("cleanup");
    let reapers = || scenario.reapers().len();
    wait_until("the first reaper has ended", || reapers() == 1);
    scenario.calls().expect("cleanup", 4, 4);
    scenario.calls().expect("teardown", 0, 0);
    scenario.go("g");
    run.finish().success();
    over(&scenario);
    scenario.calls().expect("cleanup", 5, 5);
    scenario.calls().expect("teardown", 1, 1);
}

#[test]
fn a_pool_that_another_run_uses_is_not_torn_down_when_the_checkout_is_removed() {
    let scenario = Scenario::new(2);
    let other = scenario.test(&["two"], &["--exact", "b"]);
    let (checkout, other) = in_checkout(&scenario, other);
    let other = other.env("LIFE_BODY", "b:wait").start();
    scenario.until_started("body", 1);
    let (_, run) = in_checkout(&scenario, scenario.test(&["one"], &["--exact", "a"]));
    run.env("LIFE_DO", "cleanup:wait").finish().success();
    scenario.until_started("cleanup", 1);
    fs::remove_dir_all(&checkout).unwrap();
    scenario.go("cleanup");
    wait_until("the first reaper has ended", || {
        scenario.reapers().len() == 1
    });
    let calls = scenario.calls();
    calls.expect("cleanup", 1, 1);
    calls.expect("teardown", 0, 0);
    scenario.go("b");
    drop(other.finish());
    over(&scenario);
    scenario.calls().expect("teardown", 0, 0);
    assert!(!checkout.exists());
}

/// What there is to do is known before the run's last processes have ended.
#[test]
fn a_checkout_may_be_removed_as_soon_as_the_runner_has_ended() {
    let scenario = Scenario::new(1);
    let run = scenario.test(&["one"], &["--exact", "a"]);
    let (checkout, run) = in_checkout(&scenario, run);
    let run = run.env("LIFE_BODY", "a:wait").start();
    scenario.until_started("body", 1);
    let reapers = scenario.reapers();
    signal::kill(run.id());
    wait_until("the reaper waits for the test", || {
        let mut locks = kernel::locks().into_iter();
        locks.any(|lock| lock.blocked && reapers.contains(&lock.pid))
    });
    fs::remove_dir_all(&checkout).unwrap();
    scenario.go("a");
    over(&scenario);
    drop(run.finish());
    let calls = scenario.calls();
    calls.expect("body", 1, 1);
    calls.expect("cleanup", 1, 1);
    calls.expect("teardown", 1, 1);
    assert!(!checkout.exists());
}
