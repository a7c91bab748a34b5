//! Who asks: the run, the process, the thread and its test. Written down so
//! that people can see it; nothing here decides who holds what.

use std::cell::{Cell, RefCell};
use std::env;
use std::fs::File;
use std::io::Read;
use std::panic::Location;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use once_cell::sync::{Lazy, OnceCell};

use crate::base::caller;
use crate::base::error::{Error, Result};
use crate::base::json;
use crate::config::variables;
use crate::declared::test::TestSpec;
use crate::sys;
use crate::terms::name;

/// Who our parent was when the process started: by the time of the first lease
/// it may have ended, and another process taken its place.
static PARENT: AtomicU32 = AtomicU32::new(0);

/// The one hook before `main`. Allocates nothing and does no I/O, unless the
/// process has a mode of its own.
#[allow(unsafe_code, reason = "code before `main` must be declared so")]
mod before_main {
    ctor::declarative::ctor! {
        #[ctor(unsafe)]
        fn record_identity() {
            super::PARENT.store(crate::sys::parent_id(), super::Ordering::Relaxed);
            if let Some(mode) = std::env::var_os(crate::modes::VARIABLE) {
                // SAFETY: before `main` there is one thread, and nobody else reads or
                // changes the environment.
                unsafe {
                    // Not for what hooks start: a program with this library in it, say.
                    std::env::remove_var(crate::modes::VARIABLE);
                }
                crate::modes::run(&mode);
            }
        }
    }
}

const NEXTEST: &str = "NEXTEST_RUN_ID";

/// The run this process belongs to: one `cargo test`, `cargo nextest run` or
/// `name-manager run`; a test binary started by hand is a run of its own.
pub(crate) fn run() -> Result<&'static str> {
    static RUN: OnceCell<String> = OnceCell::new();
    Ok(
        RUN.get_or_try_init(|| match variables::get()?.run_id.clone() {
            Some(id) => Ok(id),
            None => match env::var(NEXTEST) {
                Ok(id) => match name::check_name(&id) {
                    Ok(()) => Ok(id),
                    Err(error) => {
                        Err(Error::config(format!("variable {NEXTEST} is not valid"))
                            .because(error))
                    }
                },
                Err(_) => {
                    let given = caller::get().and_then(|caller| caller.run.clone());
                    Ok(given.unwrap_or_else(run_of_process))
                }
            },
        })?,
    )
}

/// The process whose end is the end of the run.
#[derive(Clone, Debug)]
pub(crate) struct Runner {
    pid: u32,
    /// Tells it from a later process with the same id.
    started: u64,
}

json::object!(Runner { pid, started });

/// This run's: the nearest `cargo`; of a run that was named by a variable the
/// outermost runner, since that may start several.
pub(crate) fn runner() -> Result<Runner> {
    let named = variables::get()?.run_id.is_some();
    let own = std::process::id();
    let mut runner = None;
    let mut pid = PARENT.load(Ordering::Relaxed);
    for _ in 0..if named {
        RUNNER_IS_ABOVE
    } else {
        CARGO_IS_NEAR
    } {
        let Some(process) = Process::look_up(pid) else {
            break;
        };
        if RUNNERS.contains(&process.command.as_str()) && (named || runner.is_none()) {
            runner = Some(pid);
        }
        pid = process.parent;
    }
    let pid = runner.unwrap_or(own);
    let started = Process::look_up(pid).map_or(0, |process| process.started);
    Ok(Runner { pid, started })
}

impl Runner {
    /// Waits until it has ended.
    pub(crate) fn wait(&self) -> std::io::Result<()> {
        sys::wait_for_exit(self.pid, || {
            Process::look_up(self.pid).is_some_and(|process| process.started == self.started)
        })
    }
}

/// As the kernel cuts their names.
const RUNNERS: [&str; 4] = ["cargo", "cargo-nextest", "name-manager", "cargo-name-mana"];
const RUNNER_IS_ABOVE: usize = 16;

/// How far above us `cargo` may be: `rustdoc` or a runner can stand in between.
const CARGO_IS_NEAR: usize = 4;

fn run_of_process() -> String {
    let mut pid = PARENT.load(Ordering::Relaxed);
    for _ in 0..CARGO_IS_NEAR {
        let Some(process) = Process::look_up(pid) else {
            break;
        };
        if process.command == "cargo" {
            return format!("cargo-{pid}-{}", process.started);
        }
        pid = process.parent;
    }
    let own = std::process::id();
    let started = Process::look_up(own).map_or(0, |process| process.started);
    format!("process-{own}-{started}")
}

/// What the system tells of a process. Linux only; elsewhere every test binary
/// is a run of its own unless the runner says which it belongs to.
struct Process {
    command: String,
    parent: u32,
    started: u64,
}

impl Process {
    fn look_up(pid: u32) -> Option<Self> {
        // More than any system says up to the last field that is wanted.
        let mut stat = [0; 1024];
        let mut file = File::open(format!("/proc/{pid}/stat")).ok()?;
        let read = file.read(&mut stat).ok()?;
        let stat = str::from_utf8(&stat[..read]).ok()?;
        // `pid (command) state parent ..`, where the command may contain anything.
        let (before, after) = stat.rsplit_once(')')?;
        let (_, command) = before.split_once('(')?;
        let mut fields = after.split_ascii_whitespace().skip(1);
        Some(Self {
            command: command.to_owned(),
            parent: fields.next()?.parse().ok()?,
            started: fields.nth(17)?.parse().ok()?,
        })
    }
}

/// Who holds or wants a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The test's path, `app::tests::lists_users`, the thread's name, or the command.
    pub test: String,
    /// The process.
    pub pid: u32,
    /// One per thread: what a thread holds and what it waits for belong together.
    pub token: String,
    /// The run.
    pub run: String,
    /// The source file and line that asked; empty when a command did.
    pub file: String,
    /// See `file`.
    pub line: u32,
    /// When it was granted, in microseconds since 1970.
    pub since: u64,
}

json::object!(Holder {
    test,
    pid,
    token,
    run,
    file,
    line,
    since
});

impl Holder {
    /// The reaper of that run.
    pub(crate) fn reaper(run: &str) -> Self {
        let pid = std::process::id();
        Self {
            test: format!("cleanup after {run}"),
            pid,
            token: token(pid),
            run: run.to_owned(),
            file: String::new(),
            line: 0,
            since: 0,
        }
    }

    /// The current thread, asking from this place.
    pub(crate) fn current(place: &Location<'_>) -> Result<Self> {
        let test = TEST.with_borrow(|test| test.clone());
        let (test, file, line) = match (test, caller::get()) {
            (Some(test), _) => (test.path, test.file.to_owned(), test.line),
            (None, Some(caller)) => (caller.label.clone(), String::new(), 0),
            (None, None) => (thread_name(), place.file().to_owned(), place.line()),
        };
        let pid = std::process::id();
        Ok(Self {
            test,
            pid,
            token: token(pid),
            run: run()?.to_owned(),
            file,
            line,
            since: 0,
        })
    }
}

fn thread_name() -> String {
    let thread = std::thread::current();
    match thread.name() {
        Some("main") | None => program_name().to_owned(),
        Some(name) => name.to_owned(),
    }
}

fn program_name() -> &'static str {
    static NAME: Lazy<String> = Lazy::new(|| {
        let exe = env::current_exe().unwrap_or_default();
        exe.file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned()
    });
    &NAME
}

/// Names the calling thread among all threads of all processes.
fn token(pid: u32) -> String {
    static THREADS: AtomicU64 = AtomicU64::new(0);
    thread_local! {
        static THREAD: Cell<Option<u64>> = const { Cell::new(None) };
    }
    let thread = THREAD.get().unwrap_or_else(|| {
        let next = THREADS.fetch_add(1, Ordering::Relaxed);
        THREAD.set(Some(next));
        next
    });
    format!("{pid}-{thread}")
}

#[derive(Clone, Debug)]
struct Test {
    path: String,
    file: &'static str,
    line: u32,
    asynchronous: bool,
}

/// Whether an async runtime drives the current thread, as far as the attribute
/// can tell.
pub(crate) fn in_async_test() -> bool {
    TEST.with_borrow(|test| test.as_ref().is_some_and(|test| test.asynchronous))
}

thread_local! {
    /// The annotated test that runs on this thread, and where its attribute stands.
    static TEST: RefCell<Option<Test>> = const { RefCell::new(None) };
}

/// While this lives, what the thread acquires is acquired by this test.
#[derive(Debug)]
pub(crate) struct CurrentTest(());

impl CurrentTest {
    /// `line` is the first attribute's. The path is the function's; a case of it (rstest, test-case) is known by
    /// the thread's name, which libtest sets.
    pub(crate) fn enter(spec: &'static TestSpec, line: u32) -> Self {
        let path = spec.test;
        let thread = std::thread::current();
        let krate = path.split("::").next().unwrap_or_default();
        let case = thread
            .name()
            .map(|name| format!("{krate}::{name}"))
            .filter(|case| case.starts_with(path));
        TEST.set(Some(Test {
            path: case.unwrap_or_else(|| path.to_owned()),
            file: spec.file,
            line,
            asynchronous: spec.asynchronous,
        }));
        Self(())
    }
}

impl Drop for CurrentTest {
    fn drop(&mut self) {
        // The thread may be ending, its locals gone already.
        let _ = TEST.try_with(|test| test.take());
    }
}

/// Microseconds since 1970, by the system's clock: for people, never to decide.
pub(crate) fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_micros() as u64)
}
