//! What the actors of this test binary can do besides.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

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

pub fn obey(verb: &str, _rest: &str, _leases: &mut Vec<Lease>) -> Option<String> {
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
        "handled" => format!("handled {}", handled.load(Ordering::Relaxed)),
        _ => return None,
    })
}
