//! A clock that stands still until a test lets it pass a moment.

use std::cell::Cell;
pub use std::time::Duration;

thread_local! {
    // All threads of one schedule run on one thread of the system.
    static NOW: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

/// A moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant(Duration);

impl Instant {
    /// As `std`'s.
    pub fn now() -> Self {
        Self(NOW.get())
    }

    /// As `std`'s.
    pub fn saturating_duration_since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }

    /// From the beginning of the schedule.
    pub fn after(time: Duration) -> Self {
        Self(time)
    }
}

/// A schedule begins.
pub fn begin() {
    NOW.set(Duration::ZERO);
}

/// From now on, this is the time. Waiters until then have to be told
/// (`sync::ring`).
pub fn pass(time: Duration) {
    NOW.set(time);
}
