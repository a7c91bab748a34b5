//! What the actors of this test binary can do besides.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use crate::support::ask;
use crate::support::home::Home;
use name_manager::{BoxError, Lease, Name, Reset, Resource};

/// A pool with a life, and so with a reaper.
#[derive(Default)]
struct Made;

#[name_manager::resource(pool = "made")]
impl Resource for Made {
    fn init(&self, _: &Name) -> Result<(), BoxError> {
        Ok(())
    }

    fn reset(&self, _: &Name, _: Reset<'_>) -> Result<(), BoxError> {
        Ok(())
    }
}

static HANDLED: OnceLock<Arc<AtomicBool>> = OnceLock::new();

pub fn obey(verb: &str, rest: &str, _leases: &mut Vec<Lease>, home: &dyn Home) -> Option<String> {
    let handled = HANDLED.get_or_init(Arc::default);
    Some(match verb {
        "handle-signals" => {
            signal_hook::flag::register(signal_hook::consts::SIGWINCH, handled.clone())
                .expect("the signal can be handled");
            "handling".to_owned()
        }
        // A call that nothing else makes, to be seen in a trace.
        "show" => {
            let _ = rustix::process::getpgrp();
            "shown".to_owned()
        }
        // A forked copy of this process asks for a lease of its own.
        "fork-and-ask" => match fork::fork().expect("the process can be forked") {
            fork::Fork::Parent(child) => {
                fork::waitpid(child).expect("a child can be waited for");
                "asked in the child".to_owned()
            }
            fork::Fork::Child => {
                let _lease = ask::request(rest, home).and_then(|request| request.try_acquire());
                std::process::abort();
            }
        },
        "handled" => format!("handled {}", handled.load(Ordering::Relaxed)),
        _ => return None,
    })
}
