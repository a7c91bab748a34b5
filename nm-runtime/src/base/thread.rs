//! Threads that are started in more than one place.

use std::io;
use std::thread::{Builder, Scope, ScopedJoinHandle};

/// Starts a thread of a scope. The work is boxed: to start a thread is a lot of code to compile,
/// which is then compiled once.
pub(crate) fn start_in<'scope>(
    scope: &'scope Scope<'scope, '_>,
    name: &str,
    work: Box<dyn FnOnce() + Send + 'scope>,
) -> io::Result<ScopedJoinHandle<'scope, ()>> {
    let thread = Builder::new().name(name.to_owned());
    thread.spawn_scoped(scope, work)
}
