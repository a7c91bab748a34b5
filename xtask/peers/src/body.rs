use std::cell::{Cell, RefCell};
use std::thread;
use std::time::Duration;

use crate::clock::now;
use crate::talk::{listen, say};

/// What is done while the lock is held.
///
/// `file_serial` wraps a function without captures, so what it does is said
/// beforehand, and when it did it is found afterwards.
#[derive(Clone, Copy)]
pub enum Body {
    Nothing,
    /// Holds the lock so long, and notes when it began and ended.
    Hold(Duration),
    /// Says that it has the lock, and holds it until told.
    UntilTold,
}

thread_local! {
    static NEXT: Cell<Body> = const { Cell::new(Body::Nothing) };
    static TIMES: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
}

impl Body {
    /// From now on, [`run`] does this.
    pub fn select(self) {
        NEXT.set(self);
    }
}

/// Called by every lock while it is held.
pub fn run() {
    match NEXT.get() {
        Body::Nothing => {}
        Body::Hold(time) => {
            note(now());
            thread::sleep(time);
            note(now());
        }
        Body::UntilTold => {
            // The controller sees a process that cannot speak as one that ended.
            let _ = say(&[now()]);
            let _ = listen();
            note(now());
        }
    }
}

pub fn note(time: u64) {
    TIMES.with_borrow_mut(|times| times.push(time));
}

/// What was noted since last asked.
pub fn times() -> Vec<u64> {
    TIMES.take()
}
