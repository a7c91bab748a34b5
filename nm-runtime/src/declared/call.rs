//! Calls of user code: a panic becomes an error, and under an async test the code runs
//! on a thread of its own.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::base::error::BoxError;

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
    let (mut hook, mut result) = (Some(hook), None);
    run_apart(&mut || result = hook.take().map(call))?;
    result.unwrap_or_else(|| Err("the hook's thread panicked".into()))
}

/// Not generic over the closure: starting a thread is a lot of code to compile.
fn run_apart(job: &mut (dyn FnMut() + Send)) -> std::io::Result<()> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("name-manager-hook".to_owned());
        // A panic leaves no result behind, which the caller notices.
        let _ = thread.spawn_scoped(scope, job)?.join();
        Ok(())
    })
}
