//! The one hook before `main`. Allocates nothing and does no I/O, unless the
//! process has a mode of its own.

use std::env;
use std::sync::atomic::Ordering;

use crate::config::variables;
use crate::identity::runner::PARENT;
use crate::modes;

ctor::declarative::ctor! {
    #[ctor(unsafe)]
    fn record_parent() {
        PARENT.store(nm_os::parent_id(), Ordering::Relaxed);
        if let Some(mode) = env::var_os(variables::MODE) {
            // SAFETY: before `main` there is one thread, and no other code reads or
            // changes the environment.
            unsafe {
                // Not passed on to what hooks start, which may have this library in it.
                env::remove_var(variables::MODE);
            }
            modes::run(&mode);
        }
    }
}
