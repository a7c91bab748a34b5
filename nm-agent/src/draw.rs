//! Random numbers.

use std::io;

/// 128 bits that nobody draws twice.
pub(crate) fn id() -> io::Result<u128> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(u128::from_ne_bytes(bytes))
}
