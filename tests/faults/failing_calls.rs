//! Every system call of every scene fails once, one after the other.

use std::fs;

use rustix::process::Signal;

use crate::injection::{Injection, can_inject};
use crate::scene::{SCENES, Scene};
use crate::support::pool_test::{PoolTest, fences};
use crate::support::process;

/// An error and the calls that can give it.
struct Fault {
    error: &'static str,
    calls: &'static str,
    /// In the first so many scenes: what differs is only what is told.
    scenes: usize,
    /// What the message says of it; nothing when nobody may notice.
    told: Option<[&'static str; 2]>,
}

const MAKING: &str = "openat,mkdir,mknodat,rename,write,pwrite64";

fn every_call_fails_once(fault: &Fault) {
    if !can_inject() {
        return;
    }
    let mut points = 0;
    for scene in SCENES.iter().take(fault.scenes) {
        for call in fault.calls.split(',') {
            for nth in 1.. {
                if !fails(scene, fault, call, nth) {
                    break;
                }
                points += 1;
            }
        }
    }
    println!("{}: {points} calls failed", fault.error);
    assert!(points > fault.scenes, "too few calls failed: {points}");
}

/// Lets the call fail; whether there was one.
fn fails(scene: &Scene, fault: &Fault, call: &str, nth: usize) -> bool {
    let mut test = scene.set_up();
    let what = format!("{call}:error={}:when={nth}", fault.error);
    let injection = Injection::begin(&mut test, "subject", &what);
    let answer = scene.act(&mut test);
    let injected = injection.end();
    let context = format!("{}, {what}: {injected:#?}\n{answer}", scene.name);
    let fence = check_answer(scene, fault, &mut test, &answer, &context);
    check_recovery(scene, &mut test, fence, &context);
    !injected.is_empty()
}

/// What the user is told, and that a lease is one. Gives its fence.
fn check_answer(
    scene: &Scene,
    fault: &Fault,
    test: &mut PoolTest,
    answer: &str,
    context: &str,
) -> u64 {
    if let Some(message) = answer.strip_prefix("error io ") {
        let reaper = message.starts_with("failed to start the process that cleans up");
        if reaper && (fault.told.is_some() || message.contains("exit status: 127")) {
            return 0; // with what that process said, or that it could not be loaded
        }
        let Some(told) = fault.told else {
            panic!("noticed: {context}");
        };
        let [error, hint] = told;
        let state = test.state_dir().display().to_string();
        let thing = ["Cargo.toml`", "`db-", &state];
        let is_told = message.contains(error) && thing.iter().any(|thing| message.contains(thing));
        assert!(is_told, "not told what: {context}");
        let helps = message.contains(hint) || !message.contains("failed to use");
        assert!(helps, "not told what to do: {context}");
        return 0;
    }
    // A lock that cannot be looked at any more may have been replaced.
    if answer == "released" || answer.starts_with("error lost") {
        return 0;
    }
    assert!(answer.starts_with("granted"), "{context}");
    let names = fences(answer);
    let pool = scene.pool();
    for (name, _) in &names {
        let seen = test.tell("witness", &format!("try {pool} name={name}"));
        assert_eq!(seen, "nothing", "lent twice: {context}");
    }
    assert!(!names.is_empty() && !scene.ask.is_empty(), "{context}");
    names.iter().map(|(_, fence)| *fence).max().unwrap_or(0)
}

/// That nothing is lost once the fault is over: to the process that met it, and
/// to others when it has ended.
fn check_recovery(scene: &Scene, test: &mut PoolTest, fence: u64, context: &str) {
    let all = format!("acquire {} all", scene.pool());
    for actor in ["subject", "other"] {
        // It may have nothing to release, or be told that it had lost it.
        test.tell(actor, "release");
    }
    let again = test.tell("subject", &all);
    assert!(again.starts_with("granted"), "{again} after {context}");
    test.kill("subject");
    let after = test.tell("witness", &all);
    let highest = fences(&after).into_iter().map(|(_, fence)| fence).max();
    assert!(highest > Some(fence), "{after} after {context}");
    test.kill("witness");
    end_reapers(test);
}

/// Reapers stand by until the runner of these very tests ends.
pub fn end_reapers(test: &PoolTest) {
    let wanted = format!("NAME_MANAGER_DIR={}", test.state_dir().display());
    for process in fs::read_dir("/proc").expect("Linux has it").flatten() {
        let environ = fs::read(process.path().join("environ")).unwrap_or_default();
        let is_ours = environ
            .split(|byte| *byte == 0)
            .any(|variable| variable == wanted.as_bytes());
        let is_reaper = environ
            .windows(18)
            .any(|word| word == b"NAME_MANAGER_MODE=");
        let pid = process
            .file_name()
            .to_str()
            .and_then(|pid| pid.parse().ok());
        if let (true, true, Some(pid)) = (is_ours, is_reaper, pid) {
            process::send(pid, Signal::KILL);
        }
    }
}

#[test]
fn a_disk_that_is_full_at_any_call() {
    every_call_fails_once(&Fault {
        error: "ENOSPC",
        scenes: SCENES.len(),
        calls: MAKING,
        told: Some(["No space left", "make room"]),
    });
}

#[test]
fn a_read_only_disk_at_any_call() {
    every_call_fails_once(&Fault {
        error: "EROFS",
        scenes: 6,
        calls: "openat,mkdir,mknodat,rename,unlink,write,pwrite64",
        told: Some(["Read-only", "set NAME_MANAGER_DIR"]),
    });
}

#[test]
fn a_disk_that_breaks_at_any_call() {
    every_call_fails_once(&Fault {
        error: "EIO",
        scenes: SCENES.len(),
        calls: "openat,mkdir,mknodat,rename,write,pwrite64,pread64,flock,getdents64",
        told: Some(["Input/output error", ""]),
    });
}

#[test]
fn no_right_at_any_call() {
    every_call_fails_once(&Fault {
        error: "EACCES",
        scenes: 6,
        calls: "openat,mkdir,mknodat,rename,newfstatat,statx",
        told: Some(["Permission denied", "set NAME_MANAGER_DIR"]),
    });
}

#[test]
fn no_descriptor_left_at_any_call() {
    for (error, scenes) in [("EMFILE", SCENES.len()), ("ENFILE", 1)] {
        every_call_fails_once(&Fault {
            error,
            scenes,
            calls: "openat",
            told: Some(["open files", "ulimit -n"]),
        });
    }
}

#[test]
fn locks_that_the_file_system_does_not_have() {
    every_call_fails_once(&Fault {
        error: "ENOLCK",
        scenes: SCENES.len(),
        calls: "flock",
        told: Some(["No locks available", ""]),
    });
}

#[test]
fn a_storm_of_signals_is_not_noticed() {
    if !can_inject() {
        return;
    }
    for scene in &SCENES {
        let mut test = scene.set_up();
        test.expect("subject", "handle-signals", "handling");
        let storm = "all:signal=WINCH:when=1+2";
        let injection = Injection::begin(&mut test, "subject", storm);
        let answer = scene.act(&mut test);
        injection.end();
        let context = format!("{}, {storm}: {answer}", scene.name);
        let told = answer.starts_with("granted") || answer == "released";
        assert!(told, "noticed: {context}");
        let handled = test.tell("subject", "handled");
        assert_eq!(handled, "handled true", "{context}");
        check_recovery(scene, &mut test, 0, &context);
    }
}

#[test]
fn an_interruption_at_any_call_is_not_noticed() {
    every_call_fails_once(&Fault {
        error: "EINTR",
        scenes: SCENES.len(),
        calls: "openat,write,pwrite64,pread64,flock,poll,ppoll,read",
        told: None,
    });
}
