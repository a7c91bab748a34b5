//! The shell scripts of `examples/compose`, over stand-ins and over real stacks.

use std::os::unix::process::CommandExt;
use std::process::Command;

use nm_runtime::journal::{Event, Kind, Phase};
use rustix::process::{Pid, Signal, kill_process_group};

use crate::engine::{Engine, example};
use crate::lab::{self, Lab, Running, Said};
use crate::patience;

/// What the example needs, engine or not.
fn has_tools() -> bool {
    for tool in ["curl", "python3", "make"] {
        if Command::new(tool).arg("--version").output().is_err() {
            assert!(std::env::var_os("CI").is_none(), "{tool} is not installed");
            eprintln!("skipped: {tool} is not installed");
            return false;
        }
    }
    true
}

/// One run of the example.
fn example_run(lab: &Lab, way: &[&str]) -> Command {
    let mut run = lab.apart(&["name-manager", "run", "--"]);
    run.args(way)
        .env("STACKS_DIR", lab.path().join("stacks"))
        .current_dir(example());
    run
}

/// Five tests ran, two at a time, and none saw another's orders.
#[track_caller]
fn expect_five_tests(said: &Said, lab: &Lab, stack: &str) {
    assert_eq!(said.code, 0, "{said:?}");
    assert!(
        said.out.starts_with(&format!("a stack is: {stack}")),
        "{said:?}"
    );
    assert_eq!(said.out.matches("\nok ").count(), 5, "{said:?}");

    let events = lab.events("stack");
    let leases = lab::leases(&events);
    assert_eq!(
        leases,
        (7, 2),
        "five tests, and the clean-up of both stacks"
    );
    let done = |hook: Kind| {
        let is_done = |event: &&Event| (event.kind, event.phase) == (hook, Some(Phase::Done));
        events.iter().filter(is_done).count()
    };
    assert_eq!(done(Kind::Init), 2, "both stacks are made");
    assert_eq!(done(Kind::Reset), 3, "and emptied for the other tests");
    assert_eq!(done(Kind::Cleanup), 2, "and removed");
}

fn check(way: &[&str]) {
    if !has_tools() {
        return;
    }
    let lab = Lab::new();
    let mut run = example_run(&lab, way);
    // No engine answers there.
    let socket = format!("unix://{}", lab.path().join("none").display());
    let said = Said::of(run.env("DOCKER_HOST", socket).output().unwrap());
    expect_five_tests(&said, &lab, "stand-in");
    let left = std::fs::read_dir(lab.path().join("stacks")).unwrap();
    assert_eq!(left.count(), 0, "{said:?}");
}

#[test]
fn five_tests_share_two_stacks_by_run() {
    check(&["./with-run.sh"]);
}

#[test]
fn five_tests_share_two_stacks_by_acquire() {
    check(&["./with-acquire.sh"]);
}

#[test]
fn five_tests_share_two_stacks_from_make() {
    check(&["make", "--no-print-directory", "-j5", "check"]);
}

/// Kills all processes of a run, as far as they are in its group, and waits for the rest.
fn kill_run(lab: &Lab, run: &Running) {
    let group = Pid::from_raw(run.pid() as i32).unwrap();
    kill_process_group(group, Signal::KILL).unwrap();
    let said = lab.run(&["wait"]);
    assert_eq!(said.code, 0, "{said:?}");
}

#[test]
fn nothing_is_left_of_real_stacks_however_a_run_ends() {
    if !has_tools() {
        return;
    }
    let Some(engine) = Engine::start() else {
        return;
    };
    engine.expect_nothing_left();

    // One that ends by itself, and has cleaned up when it ends.
    let lab = Lab::new();
    let mut run = example_run(&lab, &["./with-run.sh"]);
    let said = Said::of(engine.around(&mut run).output().unwrap());
    expect_five_tests(&said, &lab, "docker");
    engine.expect_nothing_left();

    // One that is killed half-way: a test has ended, others go on.
    let lab = Lab::new();
    let mut run = example_run(&lab, &["make", "--no-print-directory", "-j5", "check"]);
    let mut run = Running::new(engine.around(&mut run).process_group(0));
    run.until("\nok ");
    assert_ne!(engine.kept()[0], [""; 0]);
    kill_run(&lab, &run);
    engine.expect_nothing_left();

    // One that is killed while stacks are being made.
    let lab = Lab::new();
    let mut run = example_run(&lab, &["./with-acquire.sh"]);
    let run = Running::new(engine.around(&mut run).process_group(0));
    patience::until("a part of a stack", || {
        let kept = engine.kept().concat();
        (!kept.is_empty()).then_some(())
    });
    kill_run(&lab, &run);
    engine.expect_nothing_left();
}
