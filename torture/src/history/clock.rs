use rustix::time::{ClockId, clock_gettime};

/// The system's monotonic clock, in nanoseconds: one for all processes, and never
/// set back.
pub fn now() -> u64 {
    let time = clock_gettime(ClockId::Monotonic);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}
