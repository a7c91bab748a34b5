use serde::{Deserialize, Serialize};

/// Whether a name is lent to one holder or to several readers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    /// One holder at a time.
    Exclusive,
    /// Any number of holders; no exclusive one beside them.
    Shared,
}
