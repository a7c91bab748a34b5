//! A process under test: does what its standard input says, one line a command,
//! `THREAD VERB REST`, and answers `THREAD REPLY` on its standard output.

use std::collections::BTreeMap;
use std::io::{self, BufRead, Write};
use std::panic::{self, AssertUnwindSafe};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
#[cfg(unix)]
use std::time::Duration;

use name_manager::Lease;

use super::ask;
use super::home::{Home, OwnProcess};

/// Stands before each reply: the test harness writes to the same stream.
pub const MARK: &str = "@actor ";

/// Verbs of one test binary alone: the reply, or `None` for an unknown verb.
/// Gets the verb, the rest, the leases that the thread holds, and its home.
pub type Verbs = dyn Fn(&str, &str, &mut Vec<Lease>, &dyn Home) -> Option<String> + Sync;

/// Runs until standard input ends.
pub fn main(verbs: &Verbs) {
    reply("main", "ready");
    thread::scope(|scope| {
        let mut threads: BTreeMap<String, Sender<String>> = BTreeMap::new();
        for line in io::stdin().lock().lines() {
            let line = line.expect("commands are text");
            let (thread, command) = line.split_once(' ').expect("`THREAD VERB REST`");
            let sender = threads.entry(thread.to_owned()).or_insert_with(|| {
                let (sender, commands) = channel();
                let name = thread.to_owned();
                // Small stacks: some tests have a thousand of them.
                let builder = thread::Builder::new().name(name.clone());
                builder
                    .stack_size(512 << 10)
                    .spawn_scoped(scope, move || {
                        work(&commands, verbs, &OwnProcess, |answer| reply(&name, answer))
                    })
                    .expect("a thread can be started");
                sender
            });
            sender.send(command.to_owned()).expect("the thread lives");
        }
        // Nobody is left to wait for an answer, and a thread may be blocked.
        std::process::exit(0);
    });
}

/// The life of an actor: does what it is told until nobody tells it any more.
pub fn work(commands: &Receiver<String>, verbs: &Verbs, home: &dyn Home, reply: impl Fn(&str)) {
    let mut leases = Vec::new();
    for command in commands {
        let (verb, rest) = command.split_once(' ').unwrap_or((&command, ""));
        let answer = verbs(verb, rest, &mut leases, home);
        reply(&answer.unwrap_or_else(|| obey(verb, rest, &mut leases, home)));
    }
}

fn reply(thread: &str, text: &str) {
    let line = format!("{MARK}{thread} {text}\n");
    let mut stdout = io::stdout().lock();
    let mut write = || {
        let written = stdout.write_all(line.as_bytes());
        written.and_then(|()| stdout.flush())
    };
    // A test that makes system calls fail may hit this one.
    write().or_else(|_| write()).expect("the parent listens");
}

fn obey(verb: &str, rest: &str, leases: &mut Vec<Lease>, home: &dyn Home) -> String {
    match verb {
        "acquire" => match ask::request(rest, home).and_then(|request| request.acquire()) {
            Ok(new) => keep(new, leases),
            Err(error) => ask::failed(&error),
        },
        "try" => match ask::request(rest, home).and_then(|request| request.try_acquire()) {
            Ok(Some(new)) => keep(new, leases),
            Ok(None) => "nothing".to_owned(),
            Err(error) => ask::failed(&error),
        },
        // All leases, or the named one.
        "release" => {
            let (end, stay) = leases
                .drain(..)
                .partition(|lease| rest.is_empty() || lease.name() == rest);
            *leases = stay;
            let ended: Result<Vec<()>, _> = Vec::into_iter(end).map(Lease::release).collect();
            match ended {
                Ok(_) => "released".to_owned(),
                Err(error) => ask::failed(&error),
            }
        }
        "mark-dirty" => {
            leases.iter().for_each(Lease::mark_dirty);
            "marked".to_owned()
        }
        "mark-broken" => {
            leases.iter().for_each(|lease| lease.mark_broken(rest));
            "marked".to_owned()
        }
        "panic" => {
            let held = std::mem::take(leases);
            let body = AssertUnwindSafe(move || {
                let _held = held;
                panic!("{}", "as the test wants");
            });
            match panic::catch_unwind(body) {
                Ok(()) => unreachable!(),
                Err(_) => "panicked".to_owned(),
            }
        }
        "exit" => {
            home.exit();
            "exited".to_owned()
        }
        "spawn" => format!("child {}", spawn()),
        #[cfg(unix)]
        // A copy of this process that never execs, with all its descriptors.
        "fork" => match fork::fork().expect("the process can be forked") {
            fork::Fork::Parent(child) => format!("child {child}"),
            fork::Fork::Child => loop {
                thread::sleep(Duration::from_secs(600));
            },
        },
        _ => panic!("unknown verb {verb}"),
    }
}

/// Starts a child that ends when it is killed, and knows nothing of leases.
fn spawn() -> u32 {
    let mut child = Command::new("sleep");
    child.arg("600").stdin(Stdio::null()).stdout(Stdio::null());
    child.spawn().expect("`sleep` can be started").id()
}

fn keep(new: Vec<Lease>, leases: &mut Vec<Lease>) -> String {
    let answer = ask::granted(&new);
    leases.extend(new);
    answer
}
