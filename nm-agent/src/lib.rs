//! What one machine holds and waits for on a server, for all its processes.

#![forbid(unsafe_code)]

pub mod wire;

use std::io::Write;
use std::path::Path;

/// Serves the processes of this machine.
///
/// # Errors
///
/// Always, as yet.
pub fn serve(dir: &Path, _address: &str, ready: &mut dyn Write) -> Result<(), wire::Fault> {
    let fault = wire::Fault {
        kind: wire::FaultKind::Agent,
        message: format!("there is no agent for `{}` yet", dir.display()),
        causes: Vec::new(),
    };
    drop(ready.flush());
    Err(fault)
}
