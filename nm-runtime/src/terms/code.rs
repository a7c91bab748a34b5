//! User code that a pool depends on, as processes that contain it write it down for those
//! that do not.

use crate::base::json;
use crate::terms::record::FORMAT;

/// Where a pool's hooks or its allocator are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Code {
    /// The crate; empty if they are commands.
    pub krate: String,
    /// The file and line.
    pub place: String,
    /// If they are commands: what changes with any of them.
    pub commands: Option<String>,
}

json::object!(Code {
    krate as "crate",
    place,
    commands
});

impl Code {
    /// Whether both do the same, as far as can be seen: commands are compared themselves,
    /// since each checkout has them at a path of its own; of other code the places are.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (&self.commands, &other.commands) {
            (None, None) => self.place == other.place,
            (ours, theirs) => ours == theirs,
        }
    }

    /// Where it is: `crate `app` (src/db.rs:3)`, or `Cargo.toml:7:1`.
    pub(crate) fn shown(&self) -> String {
        match self.commands {
            None => format!("crate `{}` ({})", self.krate, self.place),
            Some(_) => self.place.clone(),
        }
    }
}

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
                commands: None,
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
            (known, Some(said)) => known.as_ref().is_some_and(|known| known.is_same(said)),
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
