use std::process::Command;

use nm_runtime::journal::Kind;

use crate::beacon::{self, Beacon, Live};
use crate::lab::{Lab, Running};

/// `run db --`, and a command that has a child; both show that they live.
fn start(lab: &Lab, beacon: &Beacon, change: impl FnOnce(&mut Command)) -> (Running, Live, Live) {
    let mut run = lab.cli(&["run", "db", "--"]);
    run.args(beacon::words());
    run.envs([beacon.env(), beacon::role("command")]);
    change(&mut run);
    let run = Running::new(&mut run);
    let (one, other) = (beacon.next(), beacon.next());
    match one.role == "command" {
        true => (run, one, other),
        false => (run, other, one),
    }
}

#[test]
fn what_a_command_leaves_goes_on_and_keeps_no_name() {
    let lab = Lab::new();
    let beacon = Beacon::new();
    let (mut run, mut command, mut child) = start(&lab, &beacon, |_| {});
    assert_eq!(command.role, "command");
    assert_eq!(child.role, "child");
    lab.assert_held("db", "db-0");
    command.tell();
    assert_eq!(run.code(), 0);
    assert_eq!(lab.last_end("db", "db-0").detail, None);
    // It lives: what it is told, it does.
    child.tell();
    child.ends();
}

#[test]
fn the_exit_code_is_the_commands() {
    let lab = Lab::new();
    let beacon = Beacon::new();
    let fails = |run: &mut Command| {
        run.env("BEACON_FAILS", "1");
    };
    let (mut run, mut command, mut child) = start(&lab, &beacon, fails);
    command.tell();
    assert_eq!(run.code(), 101);
    let why = lab.last_end("db", "db-0").detail;
    assert_eq!(why.as_deref(), Some("its command exited with 101"));
    child.tell();
    lab.run(&["run", "db", "--", "no-such-command"])
        .fails(127, "failed to run `no-such-command`");
}

/// On Linux the command alone, which is asked to end.
#[test]
fn a_killed_run_takes_its_command_with_it() {
    let lab = Lab::new();
    let beacon = Beacon::new();
    let (mut run, mut command, mut child) = start(&lab, &beacon, |_| {});
    run.kill();
    if cfg!(any(windows, target_os = "linux")) {
        command.ends();
    } else {
        command.tell();
    }
    match cfg!(windows) {
        true => child.ends(),
        false => child.tell(),
    }
    assert_eq!(lab.last_end("db", "db-0").kind, Kind::Died);
}

#[test]
fn what_a_command_acquires_until_release_outlives_a_killed_run() {
    let lab = Lab::new();
    let run = ["run", "--", crate::lab::NAME_MANAGER];
    let acquire = ["acquire", "db", "--until-release"];
    let said = lab.run(&[&run[..], &acquire].concat());
    assert_eq!((said.code, said.out.as_str()), (0, "db-0\n"), "{said:?}");
    lab.assert_held("db", "db-0");
    lab.run(&["release", "--force", "db", "db-0"]).succeeds();
}
