//! Tests that any panic makes pass: one that could not begin fails all the same.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use crate::base::notice;
use crate::declared::call;

/// What a test needs before its body. `None` if it cannot be had: a test that must
/// panic fails by returning. What was wrong has been printed, as of any panic.
pub fn or_return<T>(passes_by_panic: bool, take: impl FnOnce() -> T) -> Option<T> {
    match catch_unwind(AssertUnwindSafe(take)) {
        Ok(it) => Some(it),
        Err(panic) if !passes_by_panic => resume_unwind(panic),
        Err(_) => {
            eprintln!(
                "name-manager: the body did not run; any panic would pass this test, so it returns"
            );
            None
        }
    }
}

/// The same, where one case of a test passes by panicking and another by returning:
/// neither can be done, so the process ends.
pub fn or_exit<T>(passes_by_panic: bool, take: impl FnOnce() -> T) -> T {
    match catch_unwind(AssertUnwindSafe(take)) {
        Ok(it) => it,
        Err(panic) if !passes_by_panic => resume_unwind(panic),
        Err(panic) => {
            let thread = std::thread::current();
            notice::say(&format!(
                "the body of `{}` did not run: {}\n    any panic would pass some case of this test, so the process ends here; with `expected = \"..\"`, or a text after `panics`, the test alone would fail\n",
                thread.name().unwrap_or("a test"),
                call::text(&*panic),
            ));
            std::process::exit(101);
        }
    }
}
