//! What processes see of each other, also of those that are killed.

use std::fs;
use std::sync::{Mutex, PoisonError};

use nm_runtime::journal::Kind;
use rustix::process::{self, Pid, kill_process};

use crate::command::{Started, wait_until};
use crate::drop_in::{PROJECT, across, alone, cargo_test, state};
use crate::history::History;
use crate::signal::Signal;

/// The key of `slow::`, as new.
fn slow() -> impl Drop {
    static TURN: Mutex<()> = Mutex::new(());
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let _ = fs::remove_dir_all(state().join("name-manager/pools").join(SLOW));
    turn
}

const SLOW: &str = "file-serial--slow";

fn holds(process: &Started, pool: &str) {
    let pid = process.id();
    wait_until("it has the key", || across(pool).has(Kind::Acquired, pid));
}

#[test]
fn a_file_serial_test_waits_for_another_process_and_says_for_whom() {
    let _turn = slow();
    let signal = Signal::at(PROJECT.path("serial-slow"));
    let first = alone("slow::first").env("SUITE_FILE", &signal.0).start();
    holds(&first, SLOW);
    let mut second = alone("slow::second").start();
    let notice = second.wait_for_line("has waited");
    assert!(notice.contains("`others::slow::second`"), "{notice}");
    let holder = second.wait_for_line("held by");
    let expected = format!("held by `others::slow::first` (pid {}, ", first.id());
    assert!(holder.contains(&expected), "{holder}");
    signal.give();
    first.finish().success();
    second.finish().success();
    across(SLOW).check(1);
}

#[test]
fn a_killed_test_keeps_nobody_waiting() {
    for test in ["slow::reader", "slow::first"] {
        let _turn = slow();
        let signal = Signal::at(PROJECT.path("serial-killed"));
        let killed = alone(test).env("SUITE_FILE", &signal.0).start();
        holds(&killed, SLOW);
        let second = alone("slow::second").start();
        wait_until("it waits", || across(SLOW).count(Kind::Waiting) == 1);
        kill_process(
            Pid::from_raw(killed.id() as i32).unwrap(),
            process::Signal::KILL,
        )
        .unwrap();
        second.finish().success();
        killed.finish().failure();
        across(SLOW).check(1);
    }
}

#[test]
fn file_parallel_tests_of_two_processes_run_at_once() {
    let _turn = slow();
    let signal = Signal::at(PROJECT.path("serial-readers"));
    let reader = || alone("slow::reader").env("SUITE_FILE", &signal.0).start();
    let (first, second) = (reader(), reader());
    holds(&first, SLOW);
    holds(&second, SLOW);
    signal.give();
    first.finish().success();
    second.finish().success();
    across(SLOW).check(1);
}

#[test]
fn a_path_is_one_lock_for_all_workspaces() {
    let signal = Signal::at(PROJECT.path("serial-path"));
    let first = alone("slow::at_a_path")
        .env("SUITE_FILE", &signal.0)
        .start();
    let lock = PROJECT.path("slow.lock");
    let pool = nm_runtime::private::key::at_path(&lock);
    holds(&first, &pool);
    let second = alone("slow::at_a_path")
        .env("SUITE_FILE", &signal.0)
        .start();
    wait_until("it waits", || across(&pool).count(Kind::Waiting) == 1);
    signal.give();
    first.finish().success();
    second.finish().success();
    across(&pool).check(1);
}

#[test]
fn serial_tests_of_two_processes_run_at_once() {
    PROJECT.forget("serial-apart");
    let (first, second) = (
        alone("in_process::meets_its_like").start(),
        alone("in_process::meets_its_like").start(),
    );
    first.finish().success();
    second.finish().success();
    let history = PROJECT.history("serial-apart");
    assert_eq!(history.check(2), 2);
    assert_eq!(history.names().len(), 2);
}

#[test]
fn a_serial_test_says_for_whom_it_waits() {
    PROJECT.forget("serial-slow");
    let signal = Signal::at(PROJECT.path("serial-in-process"));
    let mut run = cargo_test("others", "in_process::", 3)
        .env("SUITE_FILE", &signal.0)
        .args(&["--skip", "meets_its_like"])
        .start();
    let notice = run.wait_for_line("has waited");
    assert!(notice.contains("`others::in_process::"), "{notice}");
    let holder = run.wait_for_line("held by");
    assert!(holder.contains("held by `others::in_process::"), "{holder}");
    signal.give();
    run.finish().success();
    PROJECT.history("serial-slow").check(1);
}

#[test]
fn keys_in_opposite_orders_end_one_test_and_not_both() {
    let run =
        cargo_test("others", "opposed::", 2).args(&["--skip", "then_east", "--skip", "then_west"]);
    let deadlock = [
        "1 passed; 1 failed",
        "deadlock: `others::opposed::",
        "`#[serial(one, other)]`",
    ];
    run.finish().failure().says(&deadlock);
}

#[test]
fn keys_of_two_processes_in_opposite_orders_end_one_of_them() {
    for pool in ["file-serial-east", "file-serial-west"] {
        let _ = fs::remove_dir_all(state().join("name-manager/pools").join(pool));
    }
    let (east, west) = (
        alone("opposed::east_then_west").start(),
        alone("opposed::west_then_east").start(),
    );
    let ends = [east.finish(), west.finish()].into_iter();
    let mut failed: Vec<_> = ends.filter(|end| end.stdout.contains("1 failed")).collect();
    let advice = "`#[file_serial(one, other)]`";
    failed.pop().expect("one of them").failure().says(&[advice]);
    assert!(failed.is_empty(), "the other went on");
}

#[test]
fn a_killed_serial_test_is_told_of_by_the_next_process() {
    // Where nobody else has the number of the one that is killed.
    let state = PROJECT.path("serial-killed-state");
    let _ = fs::remove_dir_all(&state);
    let pool = state.join("pools/serial-slow");
    let signal = Signal::at(PROJECT.path("serial-killed-alone"));
    let test = |test| {
        let test = alone(test).env("NAME_MANAGER_DIR", &state);
        test.env("SUITE_FILE", &signal.0)
    };
    let killed = test("in_process::first").start();
    let pid = killed.id();
    wait_until("it has the key", || {
        History::read(&pool).has(Kind::Acquired, pid)
    });
    kill_process(Pid::from_raw(pid as i32).unwrap(), process::Signal::KILL).unwrap();
    killed.finish().failure();
    signal.give();
    test("in_process::second").finish().success();
    let history = History::read(&pool);
    use Kind::{Acquired, Died, Released};
    assert_eq!(
        [Acquired, Died, Released].map(|kind| history.count(kind)),
        [2, 1, 1]
    );
}
