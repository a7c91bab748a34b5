//! Resources: user code that creates, resets and destroys what names stand for.

use std::fmt;

use crate::base::error::BoxError;
use crate::declared::place::Place;
use crate::terms::holder::LastHolder;
use crate::terms::name::Name;

/// Hooks: how the resource behind a name is created, reset and destroyed.
///
/// Implement what you need: every method does nothing by default.
/// Register it with `#[name_manager::resource(pool = "db")]` above the `impl`, in
/// each test binary that uses the pool (best in a crate that they share, which each of
/// them links by using something of it: `use testing as _;` at least). A program without
/// it is refused the pool's names once another one has used them: it could not make
/// them ready.
///
/// Hooks may block for minutes. They run while the name is held, so no other request
/// is granted it, and do not count against a request's wait timeout. For async tests
/// they run on a thread of their own, so that they may block on their own runtime.
///
/// ```
/// use name_manager::{BoxError, Name, Reset, Resource};
///
/// #[derive(Default)]
/// struct Database;
///
/// #[name_manager::resource(pool = "db")]
/// impl Resource for Database {
///     fn init(&self, name: &Name) -> Result<(), BoxError> {
///         println!("createdb {name}");
///         Ok(())
///     }
///
///     fn reset(&self, name: &Name, why: Reset<'_>) -> Result<(), BoxError> {
///         println!("truncate all tables of {name}: {why}");
///         Ok(())
///     }
///
///     fn cleanup(&self, name: &Name) -> Result<(), BoxError> {
///         println!("dropdb {name}");
///         Ok(())
///     }
/// }
/// # fn main() {}
/// ```
pub trait Resource: Send + Sync + 'static {
    /// Called once per pool and run, before any `init`: start the server. May find the
    /// server of an earlier run, if that was kept or its cleanup was killed. Runs that
    /// overlap share what the first of them has set up, and so does a run that begins before
    /// `teardown` after the last one has.
    ///
    /// # Errors
    ///
    /// Fails the test that asked for a name. Others try again; after three failures
    /// in a run, every test of the pool fails at once with the first error.
    fn setup(&self) -> std::result::Result<(), BoxError> {
        Ok(())
    }

    /// What the result of `init` depends on, see [`fingerprint`](crate::fingerprint()).
    /// With one, names are kept from run to run and `init` runs again only when it
    /// changes (after `cleanup` of the outdated one); without, `init` runs once
    /// per name and run. Called once per process.
    ///
    /// # Errors
    ///
    /// Fails the test that asked for a name.
    fn fingerprint(&self) -> std::result::Result<Option<String>, BoxError> {
        Ok(None)
    }

    /// Makes a name usable: called once per run, or per fingerprint. May find the
    /// remains of an `init` that was killed half-way; for what an earlier run left
    /// complete, `cleanup` is called first.
    ///
    /// # Errors
    ///
    /// As [`setup`](Resource::setup), for this name.
    fn init(&self, name: &Name) -> std::result::Result<(), BoxError> {
        let _ = name;
        Ok(())
    }

    /// Resets a name for its next test: called before each body except the first
    /// after `init`.
    ///
    /// # Errors
    ///
    /// As [`init`](Resource::init).
    fn reset(&self, name: &Name, why: Reset<'_>) -> std::result::Result<(), BoxError> {
        let _ = (name, why);
        Ok(())
    }

    /// Destroys what a name stands for when the run is over: called in a separate
    /// process, however the tests ended, for several names at the same time
    /// ([`parallel_cleanups`](Resource::parallel_cleanups)). Tests of a new run may use
    /// other names meanwhile.
    ///
    /// # Errors
    ///
    /// Written to the journal and reported by the next run, which tries again.
    fn cleanup(&self, name: &Name) -> std::result::Result<(), BoxError> {
        let _ = name;
        Ok(())
    }

    /// How many names are cleaned up at the same time when a run is over, each by a thread
    /// of its own: 4, unless this says otherwise; 1 cleans up one name after the other.
    /// While tests run, it limits nothing: `cleanup` may also be called before `init`, by
    /// any number of tests that take over what an ended run left.
    fn parallel_cleanups(&self) -> usize {
        4
    }

    /// Called once per pool, when the run is over and all names are cleaned up: stop
    /// the server. If another run uses the pool by then, it is called when that is over.
    ///
    /// # Errors
    ///
    /// As [`cleanup`](Resource::cleanup).
    fn teardown(&self) -> std::result::Result<(), BoxError> {
        Ok(())
    }
}

/// Why a name is reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reset<'a> {
    /// The last holder released it clean.
    Reuse,
    /// The last holder panicked, died or marked it dirty: what it left is unknown.
    Dirty(&'a LastHolder),
}

impl fmt::Display for Reset<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reuse => f.write_str("used before"),
            Self::Dirty(last) => write!(f, "dirty: {}", last.how),
        }
    }
}

/// A registered resource: const data, gathered by the linker.
pub struct ResourceSpec {
    /// The pool.
    pub pool: &'static str,
    /// Makes the user's value.
    pub make: fn() -> Box<dyn Resource>,
    /// `CARGO_MANIFEST_DIR` of its package when it was compiled.
    pub manifest_dir: &'static str,
    /// Its module.
    pub module: &'static str,
    /// Its place in the source.
    pub place: Place,
}

#[cfg(test)]
impl ResourceSpec {
    /// Of a resource that tests make by themselves.
    pub(crate) const fn of_test(module: &'static str, file: &'static str, line: u32) -> Self {
        Self {
            pool: "db",
            make: || unreachable!("tests make it"),
            manifest_dir: "",
            module,
            place: Place { file, line },
        }
    }
}

/// Boxes the user's value, for generated code.
pub fn boxed(resource: impl Resource) -> Box<dyn Resource> {
    Box::new(resource)
}
