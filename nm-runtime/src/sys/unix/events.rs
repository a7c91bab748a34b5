//! What the kernel tells.

#[cfg(any(target_os = "macos", target_os = "freebsd"))]
pub(super) use super::kqueue::{Events, Watch};
#[cfg(target_os = "linux")]
pub(super) use super::stand_in::{Events, Watch};
