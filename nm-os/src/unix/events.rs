//! What the kernel tells.

#[cfg(any(target_os = "macos", target_os = "freebsd"))]
pub(super) use super::kqueue::Events;
#[cfg(target_os = "linux")]
pub(super) use super::stand_in::Events;
pub(super) use super::watch::Watch;
