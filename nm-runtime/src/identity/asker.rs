//! The holder that a thread asks as: its test, process and run, as people see them.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::env;
use std::mem::ManuallyDrop;
use std::panic::Location;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::base::caller;
use crate::base::error::Result;
use crate::base::process::numbered;
use crate::declared::test::TestSpec;
use crate::identity::run;
use crate::terms::asker::Asker;
use crate::terms::holder::Holder;

/// The reaper of this run, as a holder.
pub(crate) fn reaper(run: &str) -> Holder {
    let pid = std::process::id();
    Holder {
        test: Holder::reaper_of(run),
        pid,
        pid_namespace: nm_os::pid_namespace(),
        token: numbered(pid, thread()),
        run: run.to_owned(),
        file: String::new(),
        line: 0,
        since: 0,
        host: None,
    }
}

/// The current thread as a holder, for a request made at this place.
pub(crate) fn current(place: &Location<'_>) -> Result<Holder> {
    Ok(Holder {
        pid_namespace: nm_os::pid_namespace(),
        ..of(std::process::id(), run::id()?, place)
    })
}

/// The current thread, as one of the process with this id in this run.
pub(crate) fn of(pid: u32, run: &str, place: &Location<'_>) -> Holder {
    here(pid, place).holder(run)
}

/// The current thread of the process with this id, which asks from this place.
pub(crate) fn here(pid: u32, place: &Location<'_>) -> Asker {
    let (test, must_panic) = TESTS.with_borrow(|tests| {
        let test = tests.last();
        let test = test.map(|test| (test.path.clone(), Cow::Borrowed(test.file), test.line));
        (test, tests.iter().any(|test| test.must_panic))
    });
    let (test, file, line) = match (test, caller::get()) {
        (Some(test), _) => test,
        (None, Some(caller)) => (caller.label.as_str().into(), "".into(), 0),
        (None, None) => (
            thread_name(place).into(),
            place.file().to_owned().into(),
            place.line(),
        ),
    };
    Asker {
        test,
        file,
        line,
        pid,
        thread: thread(),
        must_panic,
    }
}

/// Whether it is the current thread: a forked child's is another.
pub(crate) fn is_here(asker: &Asker) -> bool {
    asker.thread == thread() && asker.pid == std::process::id()
}

/// What is known about a thread that no attribute has told about: the test of its process
/// if the runner says that there is only one, its name, or where it asks.
fn thread_name(place: &Location<'_>) -> String {
    let thread = std::thread::current();
    match (only_test(), thread.name()) {
        (Some(test), _) => test.to_owned(),
        (None, Some(name)) if name != "main" => name.to_owned(),
        (None, _) => {
            let mut line = itoa::Buffer::new();
            let line = line.format(place.line());
            [program_name(), " (", place.file(), ":", line, ")"].concat()
        }
    }
}

/// The test that this process was started for, as nextest names it: `app::it::a_test`.
fn only_test() -> Option<&'static str> {
    static TEST: LazyLock<Option<String>> = LazyLock::new(|| {
        let test = env::var("NEXTEST_TEST_NAME").ok()?;
        let binary = env::var("NEXTEST_BINARY_ID").ok()?;
        Some(format!("{binary}::{test}"))
    });
    TEST.as_deref()
}

fn program_name() -> &'static str {
    static NAME: LazyLock<String> = LazyLock::new(|| {
        let exe = env::current_exe().unwrap_or_default();
        let name = exe.file_stem().unwrap_or_default().to_string_lossy();
        // Cargo adds a hash to the names of test binaries.
        let name = match name.rsplit_once('-') {
            Some((name, hash))
                if hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) =>
            {
                name
            }
            _ => &name,
        };
        name.to_owned()
    });
    &NAME
}

/// The number of the calling thread among those of this process.
fn thread() -> u64 {
    static THREADS: AtomicU64 = AtomicU64::new(0);
    thread_local! {
        static THREAD: Cell<Option<u64>> = const { Cell::new(None) };
    }
    THREAD.get().unwrap_or_else(|| {
        let next = THREADS.fetch_add(1, Ordering::Relaxed);
        THREAD.set(Some(next));
        next
    })
}

/// What is known about an annotated test while it runs.
#[derive(Debug)]
struct Test {
    /// Tells apart two that have the same path.
    number: u64,
    path: Cow<'static, str>,
    file: &'static str,
    line: u32,
    asynchronous: bool,
    must_panic: bool,
}

/// Whether an async runtime drives the current thread, as far as the attribute
/// knows.
pub(crate) fn in_async_test() -> bool {
    TESTS.with_borrow(|tests| tests.iter().any(|test| test.asynchronous))
}

/// Whether the test on the current thread is to panic.
pub(crate) fn must_panic() -> bool {
    TESTS.with_borrow(|tests| tests.iter().any(|test| test.must_panic))
}

thread_local! {
    /// The annotated test that runs on this thread, and the annotated functions that it
    /// has called, outermost first. Freed when it is empty, not with the thread: a destructor
    /// costs a thread more than to enter a test and to leave it.
    static TESTS: RefCell<ManuallyDrop<Vec<Test>>> =
        const { RefCell::new(ManuallyDrop::new(Vec::new())) };
}

/// While this lives, what the thread acquires is acquired by this test.
#[derive(Debug)]
pub(crate) struct CurrentTest {
    number: u64,
}

impl CurrentTest {
    /// `line` is the first attribute's. The path is the function's; a case of it
    /// (rstest, test-case) is recognised by the thread's name, which libtest sets.
    pub(crate) fn enter(spec: &'static TestSpec, line: u32) -> Self {
        static NUMBERS: AtomicU64 = AtomicU64::new(0);
        let number = NUMBERS.fetch_add(1, Ordering::Relaxed);
        let path = spec.test;
        let thread = std::thread::current();
        let case = match thread.name() {
            Some(name) if !path.ends_with(name) => {
                let krate = path.split("::").next().unwrap_or_default();
                Some(format!("{krate}::{name}")).filter(|case| case.starts_with(path))
            }
            _ => None,
        };
        let test = Test {
            number,
            path: match case {
                Some(case) => Cow::Owned(case),
                None => Cow::Borrowed(path),
            },
            file: spec.file,
            line,
            asynchronous: spec.asynchronous,
            must_panic: spec.must_panic,
        };
        TESTS.with_borrow_mut(|tests| tests.push(test));
        Self { number }
    }
}

impl Drop for CurrentTest {
    fn drop(&mut self) {
        let leave = |tests: &RefCell<ManuallyDrop<Vec<Test>>>| {
            let mut tests = tests.borrow_mut();
            let mine = |test: &mut Test| test.number == self.number;
            // Of two async functions the one that began first may end first.
            if tests.pop_if(mine).is_none() {
                tests.retain(|test| test.number != self.number);
            }
            if tests.is_empty() {
                **tests = Vec::new();
            }
        };
        // The thread may be ending, and on some systems its locals are gone then, even those
        // without a destructor: Windows, built for GNU.
        let _ = TESTS.try_with(leave);
    }
}
