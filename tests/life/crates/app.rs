//! A resource whose hooks write down that they ran, and do what the variable
//! `LIFE_DO` says: `init:fail:2 reset:wait`.
//!
//! What it stands for is a file for each name, and one for the server. It is
//! found out at once when a name is used that was not made ready.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use std::{env, thread};

use name_manager::{BoxError, Name, Reset, Resource};

#[derive(Default)]
pub struct Recorded;

#[name_manager::resource(pool = "db")]
impl Resource for Recorded {
    fn setup(&self) -> Result<(), BoxError> {
        hook("setup", "-", "", || Ok(fs::write(path("server"), "up")?))
    }

    fn fingerprint(&self) -> Result<Option<String>, BoxError> {
        match env::var("LIFE_FINGERPRINT") {
            Ok(path) => Ok(Some(name_manager::fingerprint(&[path])?)),
            Err(_) => Ok(None),
        }
    }

    fn init(&self, name: &Name) -> Result<(), BoxError> {
        hook("init", name, "", || {
            fs::metadata(path("server")).map_err(|_| "init without a server")?;
            Ok(fs::write(state(name), "fresh")?)
        })
    }

    fn reset(&self, name: &Name, why: Reset<'_>) -> Result<(), BoxError> {
        let why = match why {
            Reset::Reuse => "reuse".to_owned(),
            Reset::Dirty(last) => format!("dirty {}: {} (run {})", last.test, last.how, last.run),
            other => format!("{other}"),
        };
        // Used until the hook is done: who is lent it all the same finds that out.
        fs::write(state(name), "in reset")?;
        hook("reset", name, &why, || Ok(fs::write(state(name), "fresh")?))
    }

    fn cleanup(&self, name: &Name) -> Result<(), BoxError> {
        // What a hook starts must not take itself for a reaper.
        assert!(std::env::var_os("NAME_MANAGER_MODE").is_none());
        hook("cleanup", name, "", || {
            let _ = fs::remove_file(state(name));
            Ok(())
        })
    }

    fn teardown(&self) -> Result<(), BoxError> {
        hook("teardown", "-", "", || {
            let _ = fs::remove_file(path("server"));
            Ok(())
        })
    }
}

/// What a test's body does: `test:panic` and the like in `LIFE_BODY`.
pub fn body(name: &Name, test: &str) {
    let found = fs::read_to_string(state(name)).unwrap_or_else(|_| "nothing".to_owned());
    assert_eq!(found, "fresh", "{name} was lent as it is");
    fs::write(state(name), "used").unwrap();
    say("start", "body", name, test);
    act("LIFE_BODY", test, nth("body", test)).unwrap();
    say("end", "body", name, test);
}

/// A test that lives on and holds nothing.
pub fn idle() {
    if let Ok(name) = env::var("LIFE_IDLE") {
        say("start", "idle", "-", &name);
        wait_for(&path(&format!("go.{name}")));
    }
}

/// Of a reader: others read beside it.
pub fn read(name: &Name, test: &str) {
    let found = fs::read_to_string(state(name)).unwrap_or_else(|_| "nothing".to_owned());
    assert_eq!(found, "fresh", "{name} was lent as it is");
    say("start", "body", name, test);
    act("LIFE_BODY", test, nth("body", test)).unwrap();
    say("end", "body", name, test);
}

fn hook(
    hook: &str,
    name: &str,
    detail: &str,
    work: impl FnOnce() -> Result<(), BoxError>,
) -> Result<(), BoxError> {
    say("start", hook, name, detail);
    let nth = nth(hook, "");
    act("LIFE_DO", hook, nth)?;
    act("LIFE_DO", &format!("{hook}@{name}"), nth)?;
    work()?;
    say("end", hook, name, detail);
    Ok(())
}

/// How often this has begun.
fn nth(what: &str, detail: &str) -> usize {
    let begun = format!("start\t{what}\t");
    let is_it = |line: &&str| line.starts_with(&begun) && line.ends_with(detail);
    let calls = fs::read_to_string(path("calls")).unwrap();
    calls.lines().filter(is_it).count()
}

/// Does what is written of `who`; with a number, only the first so many times.
fn act(variable: &str, who: &str, nth: usize) -> Result<(), BoxError> {
    let script = env::var(variable).unwrap_or_default();
    for order in script.split_whitespace() {
        let mut parts = order.split(':');
        let (whose, what) = (parts.next(), parts.next());
        let times = parts.next().map_or(usize::MAX, |times| times.parse().unwrap());
        if whose != Some(who) || nth > times {
            continue;
        }
        match what {
            Some("fail") => return Err(format!("{who} would not, call {nth}").into()),
            Some("panic") => panic!("{who} in pieces, call {nth}"),
            Some("kill") => kill(),
            Some("meet") => meet(who),
            Some("exit") => std::process::exit(0),
            Some("wait") => wait_for(&path(&format!("go.{who}"))),
            _ => panic!("{order:?} in {variable}?"),
        }
    }
    Ok(())
}

/// `a` and `b` wait for each other.
fn meet(who: &str) {
    let other = if who == "a" { "b" } else { "a" };
    wait_until(|| nth("body", other) >= nth("body", who));
}

fn kill() {
    let pid = std::process::id().to_string();
    Command::new("kill").args(["-9", &pid]).status().unwrap();
    wait_for(Path::new("/never"));
}

fn wait_for(path: &Path) {
    wait_until(|| path.exists());
}

/// The bound only ends what would hang.
fn wait_until(is_so: impl Fn() -> bool) {
    let bound = Instant::now() + Duration::from_secs(100);
    while !is_so() {
        assert!(Instant::now() < bound, "never");
        thread::sleep(Duration::from_millis(1));
    }
}

fn path(file: &str) -> PathBuf {
    Path::new(&env::var("LIFE_DIR").unwrap()).join(file)
}

fn state(name: &str) -> PathBuf {
    path(&format!("{name}.state"))
}

/// One line, in one write: `start|end`, hook, name, process, detail.
pub fn say(phase: &str, what: &str, name: &str, detail: &str) {
    let line = format!("{phase}\t{what}\t{name}\t{}\t{detail}\n", std::process::id());
    let file = File::options().create(true).append(true).open(path("calls"));
    file.unwrap().write_all(line.as_bytes()).unwrap();
}
