//! A request, and a backend's answer to it.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::backend::hold::Hold;
use crate::base::process::{self, numbered};
use crate::terms::code::Code;
use crate::terms::decision::{Assigned, Decide};
use crate::terms::holder::Holder;
use crate::terms::names::Names;
use crate::terms::record::Waiting;
use crate::terms::want::Want;

/// A request as a backend sees it.
pub(crate) struct Ask<'a> {
    pub(crate) pool: &'a str,
    pub(crate) names: &'a Names,
    pub(crate) want: &'a Want,
    /// How many names are wanted.
    pub(crate) count: usize,
    /// The waiter; `since` is set when a name is granted.
    pub(crate) holder: &'a Holder,
    pub(crate) request: RequestId,
    /// The name that is wanted, if one is given.
    pub(crate) given: Option<GivenName<'a>>,
    /// The index of the name to try first.
    pub(crate) first: usize,
    /// Whether the process that asks has the pool's hooks.
    pub(crate) has_hooks: bool,
    /// Whether it has the pool's allocator, asked or not.
    pub(crate) has_allocator: bool,
    /// Whether to take names that need no `init` before others.
    pub(crate) warm_first: bool,
    /// Whether to take names that are broken in the holder's run, too.
    pub(crate) even_broken: bool,
    /// The pool's allocator, if it has one.
    pub(crate) decide: Option<&'a dyn Decide>,
    /// Where that is.
    pub(crate) allocator: Option<&'a Code>,
}

impl Ask<'_> {
    /// What others see of the request while it is queued.
    pub(crate) fn waiting(&self, key: &str) -> Waiting {
        Waiting {
            pool: self.pool.to_owned(),
            dir: key.to_owned(),
            count: self.count as u64,
            capacity: self.names.capacity().map(|capacity| capacity as u64),
            name: self.want.name.clone(),
            access: self.want.access,
            queued: true,
            reserved: None,
        }
    }
}

/// A name that a request asks for, with its index in the pool.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GivenName<'a> {
    pub(crate) index: usize,
    pub(crate) name: &'a str,
}

/// Identifies a request: `PID-NUMBER`, where the number differs also between processes
/// with the same id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RequestId {
    pid: u32,
    number: u64,
}

impl RequestId {
    /// The id of a new request of this process.
    pub(crate) fn next(pid: u32) -> Self {
        static REQUESTS: AtomicU64 = AtomicU64::new(0);
        let number = REQUESTS.fetch_add(1, Ordering::Relaxed);
        Self { pid, number }
    }

    pub(crate) fn text(self) -> String {
        numbered(self.pid, self.number)
    }

    /// What the text has after the process.
    pub(crate) fn number(self) -> u64 {
        process::number(self.number)
    }
}

/// The outcome of a request.
pub(crate) enum Answer {
    /// These names, in the pool's order.
    Granted(Vec<Granted>),
    /// Not now.
    Busy,
    /// The pool was removed while it was asked: ask again.
    Gone,
}

/// One name of a granted request.
#[derive(Debug)]
pub(crate) struct Granted {
    pub(crate) index: usize,
    /// No other request can hold it before [`Hold::share`], even if it was asked for to
    /// share.
    pub(crate) alone: bool,
    /// What the pool's allocator says beyond the name.
    pub(crate) assigned: Option<Assigned>,
    pub(crate) hold: Box<dyn Hold>,
}
