//! Messages to people while tests run.

#[cfg(any(test, feature = "memory"))]
use std::cell::RefCell;
use std::io::Write;
#[cfg(any(test, feature = "memory"))]
use std::sync::{Arc, Mutex, PoisonError};

use crate::base::text::printable;

/// Writes to standard error directly: libtest captures what is printed with
/// `eprint!`, and would show it only after the waiting test.
pub(crate) fn say(text: &str) {
    let message = format!("name-manager: {}", printable(text));
    #[cfg(any(test, feature = "memory"))]
    if kept(&message) {
        return;
    }
    // If this fails, there is nowhere left to report it.
    let _ = std::io::stderr().lock().write_all(message.as_bytes());
}

#[cfg(any(test, feature = "memory"))]
thread_local! {
    static KEPT: RefCell<Option<Arc<Mutex<String>>>> = const { RefCell::new(None) };
}

/// From here on the notices of this thread are added to this text instead: it stands
/// for a process.
#[cfg(any(test, feature = "memory"))]
pub(crate) fn keep(text: Arc<Mutex<String>>) {
    KEPT.set(Some(text));
}

#[cfg(any(test, feature = "memory"))]
fn kept(message: &str) -> bool {
    KEPT.with_borrow(|kept| {
        if let Some(kept) = kept {
            let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
            kept.push_str(message);
        }
        kept.is_some()
    })
}
