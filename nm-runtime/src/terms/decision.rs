//! What an allocator is asked, and what it answers.

use crate::base::error::BoxError;

/// The request that an [`Allocator`](crate::Allocator) decides on.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Asked<'a> {
    /// The test's path.
    pub test: &'a str,
    /// Its run.
    pub run: &'a str,
}

/// What an [`Allocator`](crate::Allocator) answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Assignment {
    /// This name.
    Granted(Assigned),
    /// Not now: the request waits, and the allocator is asked again when a holder has
    /// ended (and periodically, in case it depends on something else).
    Busy,
    /// Never: the request fails at once, with this reason.
    Never(String),
}

/// A name that an [`Allocator`](crate::Allocator) grants, with what its holder needs to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assigned {
    pub(crate) name: String,
    pub(crate) env: Vec<(String, String)>,
    pub(crate) args: Vec<String>,
}

impl Assigned {
    /// A free name: a valid name that was not granted before, or whose holder has
    /// ended.
    pub fn name(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            env: Vec::new(),
            args: Vec::new(),
        }
    }

    /// Adds a variable: see [`Name::env`](crate::Name::env).
    #[must_use]
    pub fn env(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.env.push((key.into(), value.into()));
        self
    }

    /// Adds an argument: see [`Name::args`](crate::Name::args).
    #[must_use]
    pub fn arg(mut self, arg: impl Into<String>) -> Self {
        self.args.push(arg.into());
        self
    }
}

impl From<Assigned> for Assignment {
    fn from(assigned: Assigned) -> Self {
        Self::Granted(assigned)
    }
}

/// An allocator whose state is text, and whose panics are errors.
pub trait Decide: Send + Sync {
    /// The new state and the answer.
    fn decide(
        &self,
        state: &str,
        asked: &Asked<'_>,
    ) -> std::result::Result<(String, Assignment), BoxError>;

    /// The state after taking back these names.
    fn take_back(&self, state: &str, names: &[String]) -> std::result::Result<String, BoxError>;
}
