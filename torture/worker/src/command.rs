//! What the hooks of pool `tool` run: a process of its own, with a history of its own. Most
//! do their work; some die, kill, hang, or leave something behind.

use std::env;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::thread;
use std::time::Duration;

use fastrand::Rng;
use rustix::process::{Pid, Signal, getpid, kill_process};
use torture::history::{Event, Hook, process};

use crate::seen;
use crate::task::Task;

/// What hangs ends after that, so that a round ends; and what is left behind.
const LONGEST: u32 = 20_000;
const BEHIND: u32 = 5_000;

/// The hook; `words` is what its configuration makes of the name.
pub fn run(task: &Task, words: &[&str]) -> ExitCode {
    let text = |key: &str| env::var(format!("NAME_MANAGER_{key}")).unwrap_or_default();
    // Whoever watches over it, and who has called it. Without, it is to be ended.
    let Some((watcher, caller)) = above() else {
        return ExitCode::FAILURE;
    };
    let hook = Hook {
        what: text("HOOK"),
        pool: text("POOL"),
        name: text("NAME"),
        dirty: text("RESET") == "dirty",
    };
    seen::begin_for("hook", &text("RUN_ID"), &process(caller));
    seen::write(Event::HookBegins(hook.clone()));
    if let Some(wrong) = wrong(&hook, words) {
        seen::write(Event::Wrong(wrong));
    }
    let mut random = Rng::with_seed(task.seed ^ u64::from(std::process::id()).rotate_left(32));
    work(&hook, random.u32(0..4));
    let odd = random.u32(0..1000);
    // In the end nothing goes wrong.
    if task.fails > 0 {
        match odd {
            0..40 => return fails(hook),
            40..50 => return hangs(hook),
            50..70 => leaves_behind(),
            70..90 => prints(),
            90..110 => {
                let _ = rustix::stdio::dup2_stdout(File::open("/dev/null").expect("opens"));
                let _ = rustix::stdio::dup2_stderr(File::open("/dev/null").expect("opens"));
            }
            _ => {}
        }
    }
    if task.deaths > 0 {
        match odd {
            200..230 => {
                seen::write(Event::HookFails(hook.clone()));
                seen::write(Event::Dies("in a command".to_owned()));
                kill(getpid());
            }
            230..270 => {
                kills(caller, "random");
                work(&hook, LONGEST);
            }
            270..290 => {
                seen::write(Event::HookFails(hook.clone()));
                kills(watcher, "watcher");
                work(&hook, LONGEST);
            }
            290..310 => {
                let mut child = program("hang", &hook).spawn().expect("starts");
                let _ = child.kill();
                let _ = child.wait();
            }
            _ => {}
        }
    }
    seen::write(Event::HookDone(hook));
    ExitCode::SUCCESS
}

fn fails(hook: Hook) -> ExitCode {
    seen::write(Event::HookFails(hook));
    ExitCode::FAILURE
}

/// Its time ends it, and what it has started.
fn hangs(hook: Hook) -> ExitCode {
    seen::write(Event::HookFails(hook.clone()));
    let child = program("hang", &hook).spawn();
    work(&hook, LONGEST);
    drop(child);
    ExitCode::FAILURE
}

/// A process of a hook that hangs.
pub fn hang(words: &[&str]) {
    let [pool, name] = words else {
        panic!("expected pool and name, found {words:?}");
    };
    seen::begin("hung", "none");
    let hook = Hook {
        what: "hang".to_owned(),
        pool: (*pool).to_owned(),
        name: (*name).to_owned(),
        dirty: false,
    };
    work(&hook, LONGEST);
}

/// A process in a session of its own, which has the hook's output.
fn leaves_behind() {
    let this = env::current_exe().expect("has a path");
    let mut command = Command::new("setsid");
    let child = command.arg(this).arg("linger").stdin(Stdio::null()).spawn();
    drop(child.expect("starts `setsid`"));
}

/// What was left behind, for a while.
pub fn linger(task: &Task) {
    for _ in 0..BEHIND {
        if task.is_over() {
            return;
        }
        thread::sleep(Duration::from_millis(1));
    }
}

/// A megabyte, in long lines that are no text.
fn prints() {
    let mut out = io::stdout().lock();
    for byte in 0..=255 {
        let _ = out.write_all(&[byte; 4096]);
    }
}

fn program(role: &str, hook: &Hook) -> Command {
    let mut command = Command::new(env::current_exe().expect("has a path"));
    command.arg(role).arg(&hook.pool).arg(&hook.name);
    command
}

/// Works for so many moments, and says so.
fn work(hook: &Hook, moments: u32) {
    for _ in 0..moments {
        thread::sleep(Duration::from_millis(1));
        seen::write(Event::Works {
            pool: hook.pool.clone(),
            name: hook.name.clone(),
        });
    }
}

/// What a hook finds around it that is not as it should be.
fn wrong(hook: &Hook, words: &[&str]) -> Option<String> {
    let said = env::var("TORTURE_SAID").unwrap_or_default();
    let expected = match hook.name.as_str() {
        "" => String::new(),
        name => said_of(name),
    };
    if said != expected {
        return Some(format!("a variable is `{said}`"));
    }
    if hook.name.is_empty() != words.is_empty() || words.iter().any(|word| *word != said) {
        return Some(format!("its words are {words:?}"));
    }
    if File::open("/dev/tty").is_ok() {
        return Some("it has a terminal".to_owned());
    }
    match io::stdin().read(&mut [0]) {
        Ok(0) => None,
        read => Some(format!("of its input it reads {read:?}")),
    }
}

/// The value of a variable that no shell is to take apart: as in the round's configuration.
fn said_of(name: &str) -> String {
    format!("it's \"{name}\" \u{fc} $HOME `false`  *")
}

/// What watches over this process, and that one's parent: the caller, while it lives.
fn above() -> Option<(u32, u32)> {
    let mut watcher = parent(std::process::id())?;
    while fs::read_to_string(format!("/proc/{watcher}/comm"))
        .ok()?
        .trim_end()
        != "nm-hook"
    {
        watcher = parent(watcher)?;
    }
    let caller = parent(watcher)?;
    let runs = fs::read_link(format!("/proc/{caller}/exe")).ok()?;
    (runs == env::current_exe().ok()? && Path::new(&runs).is_absolute())
        .then_some((watcher, caller))
}

fn parent(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, after) = stat.rsplit_once(')')?;
    after.split_ascii_whitespace().nth(1)?.parse().ok()
}

fn kills(other: u32, why: &str) {
    seen::write(Event::Kills {
        process: process(other),
        why: why.to_owned(),
    });
    if let Some(pid) = i32::try_from(other).ok().and_then(Pid::from_raw) {
        kill(pid);
    }
}

fn kill(pid: Pid) {
    let _ = kill_process(pid, Signal::KILL);
}
