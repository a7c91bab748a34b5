use std::time::Duration;

pub use nm_words::request::Amount;

use crate::terms::access::Access;

/// What a request asks of one pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Want {
    pub(crate) access: Access,
    pub(crate) amount: Amount,
    pub(crate) name: Option<String>,
    pub(crate) timeout: Option<Duration>,
    /// As which people see the holder.
    pub(crate) label: Option<String>,
    /// The variables of what is lent become those of the process.
    pub(crate) set_env: bool,
}

impl Default for Want {
    fn default() -> Self {
        Self {
            access: Access::Exclusive,
            amount: Amount::Count(1),
            name: None,
            timeout: None,
            label: None,
            set_env: false,
        }
    }
}
