//! Pools that decide for themselves what to hand out.

use crate::base::error::BoxError;
use crate::declared::place::Place;

/// Decides what a pool hands out: port blocks, machines within a budget, or
/// whatever has no fixed list of names.
///
/// Register it with `#[name_manager::resource(pool = "ports")]` above the `impl`.
/// Over all processes one decider at a time is asked. It sees every earlier
/// decision, in the state, and has been told of every holder that ended, however
/// it ended, before it is asked again. Requests are for one name, exclusively.
///
/// ```
/// use name_manager::{Allocator, Asked, Assigned, Assignment, BoxError};
///
/// /// Blocks of ten ports, of which three may be out at a time.
/// #[derive(Default)]
/// struct Ports;
///
/// #[name_manager::resource(pool = "ports")]
/// impl Allocator for Ports {
///     /// The first ports of the blocks that are out.
///     type State = Vec<u16>;
///
///     fn load(&self, text: &str) -> Result<Vec<u16>, BoxError> {
///         let ports = text.split_whitespace().map(str::parse);
///         Ok(ports.collect::<Result<_, _>>()?)
///     }
///
///     fn save(&self, state: &Vec<u16>) -> String {
///         state.iter().map(|port| format!("{port} ")).collect()
///     }
///
///     fn assign(&self, state: &mut Vec<u16>, _asked: &Asked<'_>) -> Assignment {
///         match (4000..4030).step_by(10).find(|port| !state.contains(port)) {
///             None => Assignment::Busy,
///             Some(port) => {
///                 state.push(port);
///                 Assigned::name(format!("ports-{port}"))
///                     .env("PORT", port.to_string())
///                     .into()
///             }
///         }
///     }
///
///     fn release(&self, state: &mut Vec<u16>, name: &str) {
///         state.retain(|port| name != format!("ports-{port}"));
///     }
/// }
/// # fn main() {}
/// ```
pub trait Allocator: Send + Sync + 'static {
    /// All decisions in force. Kept as text between decisions, since each may be
    /// another process's.
    type State;

    /// The state from its text; from the empty text where nothing was decided yet.
    ///
    /// # Errors
    ///
    /// Fails the request.
    fn load(&self, text: &str) -> std::result::Result<Self::State, BoxError>;

    /// The state as a text.
    fn save(&self, state: &Self::State) -> String;

    /// Decides on one request. What it changes in the state counts only when it
    /// grants.
    fn assign(&self, state: &mut Self::State, asked: &Asked<'_>) -> Assignment;

    /// Takes back what a holder had that has ended.
    fn release(&self, state: &mut Self::State, name: &str);
}

/// Who asks an [`Allocator`].
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Asked<'a> {
    /// The test's path.
    pub test: &'a str,
    /// Its run.
    pub run: &'a str,
}

/// What an [`Allocator`] answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Assignment {
    /// This.
    Granted(Assigned),
    /// Not now: the request waits, and is asked again when a holder has ended (and
    /// now and then, in case it depends on something else).
    Busy,
    /// Not ever: the request fails at once, with this reason.
    Never(String),
}

/// A name that an [`Allocator`] grants, with what its holder needs to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assigned {
    pub(crate) name: String,
    pub(crate) env: Vec<(String, String)>,
    pub(crate) args: Vec<String>,
}

impl Assigned {
    /// A name that nobody holds: a valid name that was not granted before, or
    /// whose holder has ended.
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

/// An allocator whose state is text.
pub trait Decide: Send + Sync {
    /// The new state and the answer.
    fn decide(
        &self,
        state: &str,
        asked: &Asked<'_>,
    ) -> std::result::Result<(String, Assignment), BoxError>;

    /// The state without these.
    fn take_back(&self, state: &str, names: &[String]) -> std::result::Result<String, BoxError>;
}

impl<T: Allocator> Decide for T {
    fn decide(
        &self,
        state: &str,
        asked: &Asked<'_>,
    ) -> std::result::Result<(String, Assignment), BoxError> {
        let mut state = self.load(state)?;
        let assignment = self.assign(&mut state, asked);
        Ok((self.save(&state), assignment))
    }

    fn take_back(&self, state: &str, names: &[String]) -> std::result::Result<String, BoxError> {
        let mut state = self.load(state)?;
        for name in names {
            self.release(&mut state, name);
        }
        Ok(self.save(&state))
    }
}

/// A registered allocator: const data, gathered by the linker.
pub struct AllocatorSpec {
    /// The pool.
    pub pool: &'static str,
    /// Makes the user's value.
    pub make: fn() -> Box<dyn Decide>,
    /// Where it stands.
    pub place: Place,
}

/// What generated code makes of the user's value.
pub fn boxed(allocator: impl Allocator) -> Box<dyn Decide> {
    Box::new(allocator)
}
