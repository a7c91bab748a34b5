//! What people are told while tests wait, and who is served next.

use std::fs;

use nm_runtime::journal::Kind;

use crate::command::{Command, wait_until};
use crate::sharing::{PROJECT, cargo_test};
use crate::signal::Signal;

#[test]
fn a_long_wait_says_once_who_holds_the_name() {
    let signal = Signal::at(PROJECT.path("seen"));
    let mut run = cargo_test("failing", "waiting::", 2)
        .env("SUITE_FILE", &signal.0)
        .start();
    let notice = run.wait_for_line("has waited");
    let holder = run.wait_for_line("held by");
    signal.give();
    let run = run.finish().success();
    assert!(
        !run.stderr[run.stderr.find(&holder).unwrap() + holder.len()..].contains("name-manager"),
        "{run}"
    );

    let history = PROJECT.history("slow");
    history.check(1);
    let first = history.first(Kind::Acquired);
    // Both may have begun to wait, if they asked at the same moment.
    let mut tests = history.tests();
    tests.remove(&*first.holder.test);
    let waiter = tests.pop_first().unwrap();
    assert_eq!(
        notice,
        format!("name-manager: `{waiter}` has waited 1s for a name of pool `slow`\n")
    );
    let start = format!(
        "    slow-0 held by `{}` (pid {}, for ",
        first.holder.test, first.holder.pid
    );
    assert!(holder.starts_with(&start), "{holder}");
    PROJECT.forget("slow");
}

#[test]
fn a_wait_that_ends_names_the_holder_and_how_to_wait_longer() {
    let signal = Signal::at(PROJECT.path("timed-out"));
    let run = cargo_test("failing", "impatient::", 2)
        .env("SUITE_FILE", &signal.0)
        .start();
    wait_until("a wait ends", || {
        PROJECT.history("brief").count(Kind::Timeout) == 1
    });
    signal.give();
    let run = run.finish().failure();
    let history = PROJECT.history("brief");
    history.check(1);
    let holder = &history.first(Kind::Acquired).holder;
    run.says(&[
        "1 passed; 1 failed",
        "timed out after 50ms waiting for a name of pool `brief`",
        &format!("brief-0 held by `{}` (pid {}", holder.test, holder.pid),
        "to wait longer, set `wait_timeout` in the attribute or under [workspace.metadata.name-manager.pools.brief] in Cargo.toml, or NAME_MANAGER_WAIT_TIMEOUT",
    ]);
    PROJECT.forget("brief");
}

/// Whether the process is blocked in the kernel on a lock that another has.
#[cfg(target_os = "linux")]
fn is_blocked(pid: u32) -> bool {
    // `12: -> FLOCK  ADVISORY  WRITE 11242 fe:00:10420695 0 EOF`
    let pid = pid.to_string();
    let locks = fs::read_to_string("/proc/locks").unwrap();
    locks
        .lines()
        .any(|line| line.contains("->") && line.split_whitespace().nth(5) == Some(&pid))
}

#[cfg(target_os = "linux")]
#[test]
fn processes_are_served_in_the_order_in_which_they_came() {
    let signal = Signal::at(PROJECT.path("served"));
    let binary = PROJECT.binary("app", "tests/failing.rs");
    let order = ["first", "second", "third", "fourth"];
    let mut running = Vec::new();
    for (place, test) in order.iter().enumerate() {
        let test = format!("queue::{test}");
        let one = Command::new(&binary, PROJECT.root()).args(&["--exact", &test]);
        running.push(one.env("SUITE_FILE", &signal.0).start());
        let history = || PROJECT.history("counter");
        // The first holds the name, the second heads the queue, the others block.
        match place {
            0 => wait_until("the first has it", || history().lent().len() == 1),
            1 => wait_until("the second waits", || history().count(Kind::Waiting) == 1),
            _ => {
                let pid = running[place].id();
                wait_until("the next blocks", || is_blocked(pid));
            }
        }
    }
    signal.give();
    for test in running {
        test.finish().success();
    }
    let history = PROJECT.history("counter");
    history.check(1);
    assert_eq!(history.served(), order);
    PROJECT.forget("counter");
}
