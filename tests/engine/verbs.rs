//! What the actors of this test binary can do besides.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use name_manager::Lease;

use crate::support::home::Home;

pub fn obey(verb: &str, _rest: &str, leases: &mut Vec<Lease>, _home: &dyn Home) -> Option<String> {
    Some(match verb {
        "handle-signals" => {
            let handled = HANDLED.get_or_init(Arc::default).clone();
            // It only sets the flag; but system calls are interrupted.
            signal_hook::flag::register(signal_hook::consts::SIGWINCH, handled)
                .expect("the signal can be handled");
            "handling".to_owned()
        }
        "handled" => {
            let handled = HANDLED
                .get()
                .is_some_and(|handled| handled.load(Ordering::Relaxed));
            format!("handled {handled}")
        }
        "fork-and-drop" => fork_and_drop(leases),
        _ => return None,
    })
}

static HANDLED: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// A forked copy of this process drops its copy of the leases.
fn fork_and_drop(leases: &mut Vec<Lease>) -> String {
    match fork::fork().expect("the process can be forked") {
        fork::Fork::Parent(child) => {
            fork::waitpid(child).expect("a child can be waited for");
            "dropped in the child".to_owned()
        }
        fork::Fork::Child => {
            leases.clear();
            std::process::abort();
        }
    }
}
