//! Waiting for what must come: long enough for any machine, and never the
//! measure of anything. Shorter than the time after which a waiter that was not
//! woken looks again by itself (30 s), so that a lost wake-up is seen.

use std::thread;
use std::time::{Duration, Instant};

/// On Windows a waiter looks again each second anyway, and under Wine all takes its time.
pub const BOUND: Duration = Duration::from_secs(if cfg!(windows) { 120 } else { 20 });

/// Looks until there is an answer.
///
/// # Panics
///
/// When there is none within the bound.
#[track_caller]
pub fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(started.elapsed() < BOUND, "never seen: {what}");
        thread::sleep(Duration::from_millis(1));
    }
}
