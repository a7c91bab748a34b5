//! Uses the command line, and kills what holds its leases.

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use fastrand::Rng;
use nm_runtime::record::Record;
use rustix::process::{Pid, Signal, kill_process};
use torture::history::{Access, Ask, Event, How, What, process};

use crate::request::{DECIDED, TOOL};
use crate::seen;
use crate::task::{self, Task};

const TOKEN: &str = "a-token-of-the-torture";

/// Runs commands, and has keepers, until it is told to stop.
pub fn run(task: &Task) {
    let Some(cli) = &task.cli else { return };
    let mut random = Rng::with_seed(task.seed ^ u64::from(std::process::id()));
    let mut known = HashSet::new();
    for _ in 0..task.requests {
        if task.is_over() {
            return;
        }
        let (pool, _) = &task.pools[random.usize(0..task.pools.len())];
        // The command line has neither the workers' hooks nor their allocator; and a hook
        // says whose it is by its processes.
        let pool = match pool.as_str() {
            "life" | "frail" | TOOL | DECIDED => "db",
            pool => pool,
        };
        match random.bool() {
            true => command(cli, pool, &mut random),
            false => keeper(cli, pool, &mut random, &mut known),
        }
    }
}

/// `name-manager run`, killed as often as not.
fn command(cli: &Path, pool: &str, random: &mut Rng) {
    let ask = ask(pool);
    let r = ask.r;
    seen::write(Event::Ask(ask));
    let this = std::env::current_exe().expect("has a path");
    let own = process(std::process::id());
    let mut command = Command::new(cli);
    command
        .args(["run", pool, "--timeout", "60s", "--"])
        .arg(this)
        .args(["body", &own, &r.to_string(), "{name}"])
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    let mut child = command.spawn().expect("runs the command line");
    let child_process = process(child.id());
    by(r, &child_process);
    if random.bool() {
        thread::sleep(Duration::from_millis(random.u64(0..40)));
        if child.try_wait().is_ok_and(|status| status.is_none()) {
            kills(child.id(), "run");
            let _ = child.kill();
        }
    }
    let status = child.wait().expect("waits for its child");
    seen::write(Event::Gone(child_process));
    match status.code() {
        // It was killed.
        None => {}
        Some(0) => seen::write(Event::Released(r)),
        Some(code) => seen::write(Event::Error {
            r,
            text: format!("`name-manager run` exited with {code}"),
        }),
    }
}

/// `name-manager acquire`, and its keeper.
fn keeper(cli: &Path, pool: &str, random: &mut Rng, known: &mut HashSet<u32>) {
    let ask = ask(pool);
    let r = ask.r;
    seen::write(Event::Ask(ask));
    let mut acquire = Command::new(cli);
    acquire
        .args(["acquire", pool, "--timeout", "60s", "--until-release"])
        .args(["--token", TOKEN])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let acquire = acquire.spawn().expect("runs the command line");
    by(r, &process(acquire.id()));
    let output = acquire.wait_with_output().expect("reads what it says");
    let name = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let holder = (!name.is_empty()).then(|| holder(pool, &name)).flatten();
    let (true, Some(holder)) = (output.status.success(), holder) else {
        let text = String::from_utf8_lossy(&output.stderr).replace('\n', " ");
        seen::write(Event::Error { r, text });
        return;
    };
    assert!(
        known.insert(holder),
        "{holder} was killed or released before"
    );
    seen::write(Event::Granted {
        r,
        leases: vec![(name.clone(), None)],
        holder: Some(process(holder)),
        of: None,
    });
    thread::sleep(Duration::from_millis(random.u64(0..15)));
    if random.bool() {
        kills(holder, "keeper");
        let pid = i32::try_from(holder).ok().and_then(Pid::from_raw);
        let _ = kill_process(pid.expect("a process"), Signal::KILL);
        return;
    }
    seen::write(Event::Releases {
        r,
        of: None,
        dirty: false,
    });
    let mut release = Command::new(cli);
    release.args(["release", pool, &name, "--token", TOKEN]);
    let output = release.output().expect("runs the command line");
    if output.status.success() {
        seen::write(Event::Released(r));
    } else {
        let text = String::from_utf8_lossy(&output.stderr).replace('\n', " ");
        seen::write(Event::Error { r, text });
    }
}

fn ask(pool: &str) -> Ask {
    Ask {
        r: seen::next_request(),
        pool: pool.to_owned(),
        what: What::Any,
        count: 1,
        access: Access::Exclusive,
        how: How::Within(task::get().patience.as_nanos() as u64),
    }
}

/// From here on another process makes the request.
fn by(r: u64, maker: &str) {
    seen::write(Event::By {
        r,
        process: maker.to_owned(),
    });
}

fn kills(id: u32, why: &str) {
    seen::write(Event::Kills {
        process: process(id),
        why: why.to_owned(),
    });
}

/// The process whose lease the name is, which is ours: nobody else writes this.
fn holder(pool: &str, name: &str) -> Option<u32> {
    let dir = name_manager::Pool::open(pool).ok()?.directory();
    let record = fs::read(dir.join("names").join(format!("{name}.json"))).ok()?;
    Some(Record::parse(&record)?.holders.first()?.holder.pid)
}
