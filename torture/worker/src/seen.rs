//! This process's history.

use std::cell::Cell;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use torture::history::{Event, Writer};

use crate::task;

static WRITER: OnceLock<Writer> = OnceLock::new();

/// Begins it.
pub fn begin(role: &str, run: &str) {
    start(role, run, None);
}

/// Begins that of a process which another one's hook is.
pub fn begin_for(role: &str, run: &str, caller: &str) {
    start(role, run, Some(caller.to_owned()));
}

fn start(role: &str, run: &str, of: Option<String>) {
    let dir = task::get().dir.join("histories");
    let writer = Writer::create(&dir, role).expect("begins its history");
    if WRITER.set(writer).is_ok() {
        write(Event::Begins {
            role: role.to_owned(),
            run: run.to_owned(),
            of,
        });
    }
}

/// Writes an event of this thread.
pub fn write(event: Event) {
    if let Some(writer) = WRITER.get() {
        writer.write(thread(), &event);
    }
}

fn thread() -> u32 {
    static THREADS: AtomicU32 = AtomicU32::new(0);
    thread_local! {
        static THREAD: Cell<Option<u32>> = const { Cell::new(None) };
    }
    THREAD.get().unwrap_or_else(|| {
        let next = THREADS.fetch_add(1, Ordering::Relaxed);
        THREAD.set(Some(next));
        next
    })
}

/// The number of a new request.
pub fn next_request() -> u64 {
    static REQUESTS: AtomicU64 = AtomicU64::new(0);
    REQUESTS.fetch_add(1, Ordering::Relaxed)
}
