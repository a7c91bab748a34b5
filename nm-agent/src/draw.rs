//! Random numbers.

use std::io;
use std::time::Duration;

/// 128 bits that nobody draws twice.
pub(crate) fn id() -> io::Result<u128> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(u128::from_ne_bytes(bytes))
}

/// How long to wait after a change that others have overtaken: up to 10 ms.
pub(crate) fn pause() -> Duration {
    let drawn = id().unwrap_or(0) % 10_000;
    Duration::from_micros(u64::try_from(drawn).unwrap_or(0))
}
