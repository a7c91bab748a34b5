//! Allocators: user code that decides what a pool hands out.

use crate::base::error::BoxError;
use crate::declared::call::call;
use crate::declared::place::Place;
use crate::terms::decision::{Asked, Assignment, Decide};

/// Decides what a pool hands out: port blocks, machines within a budget, or
/// anything else without a fixed list of names.
///
/// Register it with `#[name_manager::resource(pool = "ports")]` above the `impl`.
/// Across all processes of a machine one allocator at a time is asked. It sees every earlier
/// decision, in the state, and has been told of every holder that ended, however
/// it ended, before it is asked again; of the last ones when the run ends. Requests are
/// for one name, exclusively.
///
/// Requests are served in arrival order, except that one which is answered
/// [`Busy`](Assignment::Busy) does not hold up those behind it: a later one that can be
/// granted is. At most eight later requests pass a waiter; from then on all behind it wait
/// for it, so that a test that wants much is not starved by many that want little. With
/// `max`, at most so many names are out at once, whatever the allocator would grant.
///
/// In a pool with scope `server` it decides for all machines, and its state is on the server.
/// Two machines may ask it at once; then one decision counts, and the other is made again. What
/// it hands out must be of use to all of them: ports and directories are of one.
///
/// A program without it is refused the pool's names, as for [`Resource`](crate::Resource).
///
/// ```
/// use name_manager::{Allocator, Asked, Assigned, Assignment, BoxError};
///
/// /// Blocks of ten ports, of which up to three may be lent at a time.
/// #[derive(Default)]
/// struct Ports;
///
/// #[name_manager::resource(pool = "ports")]
/// impl Allocator for Ports {
///     /// The first ports of the blocks that are lent.
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
    /// made by another process.
    type State;

    /// Parses the state; the text is empty before the first decision.
    ///
    /// # Errors
    ///
    /// Fails the request.
    fn load(&self, text: &str) -> std::result::Result<Self::State, BoxError>;

    /// Writes the state as text.
    fn save(&self, state: &Self::State) -> String;

    /// Decides on one request. What it changes in the state counts only when it grants, and on a
    /// server only if nobody was quicker. A waiter's process also asks on behalf of those before
    /// it, to find out whether it may pass them, and drops that answer: so do nothing here but
    /// decide.
    fn assign(&self, state: &mut Self::State, asked: &Asked<'_>) -> Assignment;

    /// Takes back the name of a holder that has ended. On a server several processes may be
    /// told of it, each before a decision of which one counts: so do nothing here but change
    /// the state, and the rest in [`Resource::cleanup`](crate::Resource::cleanup).
    fn release(&self, state: &mut Self::State, name: &str);
}

impl<T: Allocator> Decide for T {
    fn decide(
        &self,
        state: &str,
        asked: &Asked<'_>,
    ) -> std::result::Result<(String, Assignment), BoxError> {
        call(|| {
            let mut state = self.load(state)?;
            let assignment = self.assign(&mut state, asked);
            Ok((self.save(&state), assignment))
        })
    }

    fn take_back(&self, state: &str, names: &[String]) -> std::result::Result<String, BoxError> {
        call(|| {
            let mut state = self.load(state)?;
            for name in names {
                self.release(&mut state, name);
            }
            Ok(self.save(&state))
        })
    }
}

/// A registered allocator: const data, gathered by the linker.
pub struct AllocatorSpec {
    /// The pool.
    pub pool: &'static str,
    /// Makes the user's value.
    pub make: fn() -> Box<dyn Decide>,
    /// Its module.
    pub module: &'static str,
    /// Its place in the source.
    pub place: Place,
}

/// Boxes the user's value, for generated code.
pub fn boxed(allocator: impl Allocator) -> Box<dyn Decide> {
    Box::new(allocator)
}
