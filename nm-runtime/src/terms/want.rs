use std::time::Duration;

use crate::terms::access::Access;

/// What is asked of one pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Want {
    pub(crate) access: Access,
    pub(crate) amount: Amount,
    pub(crate) name: Option<String>,
    pub(crate) timeout: Option<Duration>,
}

impl Default for Want {
    fn default() -> Self {
        Self {
            access: Access::Exclusive,
            amount: Amount::Count(1),
            name: None,
            timeout: None,
        }
    }
}

/// How many names one request takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amount {
    /// So many at once; 1 unless said otherwise.
    Count(u32),
    /// The whole pool.
    All,
}
