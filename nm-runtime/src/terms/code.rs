//! User code that a pool depends on, as processes that contain it write it down for those
//! that do not.

use crate::base::json;
use crate::terms::record::FORMAT;

/// Where a pool's hooks or its allocator are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// The crate.
    pub krate: String,
    /// The file and line.
    pub place: String,
}

json::object!(Code {
    krate as "crate",
    place
});

/// The code of one pool.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PoolCode {
    /// The version of the format.
    pub v: u32,
    /// Its `Resource`.
    pub resource: Option<Code>,
    /// Its `Allocator`.
    pub allocator: Option<Code>,
}

impl PoolCode {
    /// What is written down cannot be read: there is some.
    pub(crate) fn unknown() -> Self {
        let somewhere = || {
            Some(Code {
                krate: "unknown".to_owned(),
                place: "an unknown place".to_owned(),
            })
        };
        Self {
            v: FORMAT,
            resource: somewhere(),
            allocator: somewhere(),
        }
    }

    /// Whether it says all that the other one does. Files that several crates include have
    /// one place.
    pub(crate) fn contains(&self, other: &Self) -> bool {
        let is_known = |known: &Option<Code>, said: &Option<Code>| match (known, said) {
            (_, None) => true,
            (known, Some(said)) => known
                .as_ref()
                .is_some_and(|known| known.place == said.place),
        };
        is_known(&self.resource, &other.resource) && is_known(&self.allocator, &other.allocator)
    }

    /// Adds what the other one says.
    pub(crate) fn add(&mut self, other: &Self) {
        self.v = FORMAT;
        self.resource = other.resource.clone().or(self.resource.take());
        self.allocator = other.allocator.clone().or(self.allocator.take());
    }
}

json::object!(PoolCode {
    v,
    resource,
    allocator
});
