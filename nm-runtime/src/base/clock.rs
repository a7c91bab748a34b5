use std::time::{SystemTime, UNIX_EPOCH};

/// Microseconds since 1970, by the system's clock: for people, never for decisions.
pub(crate) fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_micros() as u64)
}
