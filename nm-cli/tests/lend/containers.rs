//! Containers that share a state directory: in each, process ids begin at 1.

use std::process::Command;

use crate::lab::{Lab, Running, Said};
use crate::skip;

/// Pools of one name, and containers that share them.
struct Containers(Lab);

impl Containers {
    /// `None` where no container can be made.
    fn new() -> Option<Self> {
        let works = Command::new("unshare")
            .args(["--pid", "--fork", "--mount-proc", "true"])
            .status()
            .is_ok_and(|status| status.success());
        if !works {
            skip::because("`unshare --pid` needs root");
        }
        works.then(|| Self(Lab::new()))
    }

    /// A command in a container of its own, as its first process.
    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.0.program("unshare");
        command
            .args(["--pid", "--fork", "--kill-child", "--mount-proc"])
            .arg(env!("CARGO_BIN_EXE_name-manager"))
            .args(args);
        with_pools(&mut command);
        command
    }

    fn run(&self, args: &[&str]) -> Said {
        Said::of(self.command(args).output().unwrap())
    }

    /// A container that holds the name of this pool until its input ends.
    fn hold(&self, pool: &str) -> Running {
        let mut holder = Running::new(&mut self.command(&["hold", pool]));
        assert_eq!(holder.line(), format!("{pool}-0"));
        holder
    }
}

/// All of one name.
fn with_pools(command: &mut Command) -> &mut Command {
    for pool in ["DB", "LEFT", "RIGHT"] {
        command.env(format!("NAME_MANAGER_POOL_{pool}_MAX"), "1");
    }
    command
}

#[test]
fn the_same_process_id_in_two_containers_is_no_deadlock() {
    let Some(containers) = Containers::new() else {
        return;
    };
    let _holder = containers.hold("right");
    // Long enough to look for cycles several times.
    let both = ["run", "left", "right", "--timeout", "1500ms", "--", "true"];
    let held = "right-0 held by `name-manager hold right` (pid 1, in another container, for ";
    let said = containers.run(&both);
    assert_eq!(said.code, 124, "{said:?}");
    assert!(said.err.contains(held), "{said:?}");
}

#[test]
fn a_name_that_is_held_in_another_container_is_no_free_one() {
    let Some(containers) = Containers::new() else {
        return;
    };
    let mut holder = containers.hold("db");
    let held = "held by name-manager hold db (pid 1, in another container)";
    let within = |args: &[&str]| containers.run(args);
    let outside =
        |args: &[&str]| Said::of(with_pools(&mut containers.0.cli(args)).output().unwrap());
    for run in [&within as &dyn Fn(&[&str]) -> Said, &outside] {
        let list = run(&["list"]).answer();
        assert!(list.contains(held), "{list}");
        let status = run(&["status"]).answer();
        assert!(status.contains("db: 1 of 1 names held"), "{status}");
        assert!(status.contains("in another container"), "{status}");
        let status = run(&["status", "--json"]).answer();
        assert!(status.contains("\"elsewhere\""), "{status}");
        let doctor = run(&["doctor"]);
        let is_held = "`db-0` is held by `name-manager hold db` (pid 1, in another container, for ";
        assert!(doctor.out.contains(is_held), "{doctor:?}");
        assert!(!doctor.out.contains("it is free"), "{doctor:?}");
        let timeout = run(&["run", "db", "--timeout", "10ms", "--", "true"]);
        let held = "db-0 held by `name-manager hold db` (pid 1, in another container, for ";
        timeout.fails(124, held);
    }
    holder.end_input();
    assert_eq!(holder.code(), 0);
    assert!(containers.run(&["list"]).answer().contains("free"));
}

#[test]
fn a_holder_that_was_killed_in_another_container_holds_nothing() {
    let Some(containers) = Containers::new() else {
        return;
    };
    // Killed with its container, for whose end nobody waits.
    drop(containers.hold("db"));
    let lock = containers.0.state().join("pools/db/names/db-0.lock");
    let mut free = containers.0.program("flock");
    free.args(["--wait", "60"]).arg(lock).arg("true");
    assert!(free.status().unwrap().success());
    let status = containers.run(&["status"]).answer();
    assert!(status.contains("db: 0 of 1 names held"), "{status}");
    assert!(status.contains("ended while it held it"), "{status}");
    let said = containers.run(&["run", "db", "--timeout", "1m", "--", "echo", "got"]);
    assert_eq!(said.answer(), "got\n");
}

#[test]
fn the_first_process_of_a_container_says_how_long_it_acquires() {
    let Some(containers) = Containers::new() else {
        return;
    };
    let acquired = containers.run(&["acquire", "db"]);
    acquired.fails(2, "the calling process is outside of this container");
    // With its container, which is this one command, the keeper ends too.
    let acquired = containers.run(&["acquire", "db", "--ttl", "1m"]);
    assert_eq!(acquired.answer(), "db-0\n");
}

#[test]
fn what_a_doctor_killed_in_another_container_left_is_in_nobodys_way() {
    let Some(containers) = Containers::new() else {
        return;
    };
    containers.run(&["run", "db", "--", "true"]).answer();
    // Named after its process alone, this would be ours.
    std::fs::write(containers.0.state().join(".doctor-1"), "").unwrap();
    let doctor = containers.run(&["doctor"]);
    assert_eq!(doctor.code, 0, "{doctor:?}");
}
