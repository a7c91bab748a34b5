//! What `acquire` and the keeper that it starts tell each other.

use serde::{Deserialize, Serialize};

/// The subcommand, which is not for people.
pub const COMMAND: &str = "__keep";
/// What `acquire` says when the name has reached its user.
pub const CONSENT: &[u8] = b"kept\n";

/// What a keeper tells `acquire`.
#[derive(Debug, Serialize, Deserialize)]
pub struct Report {
    /// An exit code.
    pub code: u8,
    pub message: String,
    pub names: Vec<String>,
}
