//! Waiting for what must come: long enough for any machine, and never the
//! measure of anything. A lost wake-up is not seen by it, as a waiter looks again each second
//! by itself: `tests/engine/woken.rs` sees that.

use std::thread;
use std::time::{Duration, Instant};

/// Under Wine all takes its time, and so does a server with hundreds of requests.
pub const BOUND: Duration = Duration::from_secs(if cfg!(windows) { 120 } else { 60 });

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
