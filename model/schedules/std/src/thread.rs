//! Threads whose name and stack do not matter.

use std::io;

pub use shuttle::thread::{JoinHandle, spawn, yield_now};

/// As `std`'s.
#[derive(Debug, Default)]
pub struct Builder;

impl Builder {
    /// As `std`'s.
    pub fn new() -> Self {
        Self
    }

    /// Ignored.
    pub fn name(self, _name: String) -> Self {
        self
    }

    /// Ignored.
    pub fn stack_size(self, _size: usize) -> Self {
        self
    }

    /// As `std`'s.
    pub fn spawn<T: Send + 'static>(
        self,
        run: impl FnOnce() -> T + Send + 'static,
    ) -> io::Result<JoinHandle<T>> {
        Ok(spawn(run))
    }
}
