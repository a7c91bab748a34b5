//! Calls of user code: a panic becomes an error, and under an async test the code runs
//! on a thread of its own.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::base::error::BoxError;
use crate::base::thread;

/// Calls a hook; its panic is an error like any other.
pub(crate) fn call<T>(
    hook: impl FnOnce() -> std::result::Result<T, BoxError>,
) -> std::result::Result<T, BoxError> {
    match catch_unwind(AssertUnwindSafe(hook)) {
        Ok(result) => result,
        Err(panic) => Err(format!("panicked: {}", text(&*panic)).into()),
    }
}

/// What a panic says; empty if that is no text.
pub(crate) fn text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref().copied()).unwrap_or("")
}

/// Calls a hook on a thread of its own: where an async runtime drives the
/// current one, blocking on another runtime would panic.
pub(crate) fn call_apart<T: Send>(
    apart: bool,
    hook: impl FnOnce() -> std::result::Result<T, BoxError> + Send,
) -> std::result::Result<T, BoxError> {
    if !apart {
        return call(hook);
    }
    let mut result = None;
    run_apart(Box::new(|| result = Some(call(hook))))?;
    result.unwrap_or_else(|| Err("the hook's thread panicked".into()))
}

fn run_apart(job: Box<dyn FnOnce() + Send + '_>) -> std::io::Result<()> {
    std::thread::scope(|scope| {
        // A panic leaves no result behind, which the caller notices.
        let _ = thread::start_in(scope, "name-manager-hook", job)?.join();
        Ok(())
    })
}
