//! What users say about a pool's life.

use std::fmt;

use crate::base::error::BoxError;
use crate::declared::place::Place;
use crate::terms::holder::LastHolder;
use crate::terms::name::Name;

/// How the resources of a pool are made, made fresh, and taken down.
///
/// Implement what you need: every method does nothing unless you say otherwise.
/// Register it with `#[name_manager::resource(pool = "db")]` above the `impl`, in
/// each test binary that uses the pool (best in a crate that they share).
///
/// Hooks may block for minutes. They run while the name is held, so nobody else
/// is given it; a request's deadline does not count them. For async tests they
/// run on a thread of their own, so that they may block on a runtime of theirs.
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
    /// Once per pool and run, before any `init`: start the server. It may find what
    /// an earlier run left running, if that was kept or its cleaning was killed.
    ///
    /// # Errors
    ///
    /// Fails the test that asked. Others try again; after three failures in a
    /// run, every test of the pool fails at once with the first error.
    fn setup(&self) -> std::result::Result<(), BoxError> {
        Ok(())
    }

    /// What the result of `init` depends on, see [`fingerprint`](crate::declared::fingerprint).
    /// With one, names are kept from run to run and `init` runs again only when it
    /// changes (after `cleanup` of the outdated one); without, `init` runs once
    /// per name and run. Asked once per process.
    ///
    /// # Errors
    ///
    /// Fails the test that asked.
    fn fingerprint(&self) -> std::result::Result<Option<String>, BoxError> {
        Ok(None)
    }

    /// Makes a name usable: once per run, or per fingerprint. It may find the
    /// remains of an `init` that was killed half-way; of what an earlier run left
    /// whole, `cleanup` is called before.
    ///
    /// # Errors
    ///
    /// As [`setup`](Resource::setup), for this name.
    fn init(&self, name: &Name) -> std::result::Result<(), BoxError> {
        let _ = name;
        Ok(())
    }

    /// Makes a name fresh, before each body but the first after `init`.
    ///
    /// # Errors
    ///
    /// As [`init`](Resource::init).
    fn reset(&self, name: &Name, why: Reset<'_>) -> std::result::Result<(), BoxError> {
        let _ = (name, why);
        Ok(())
    }

    /// Takes a name down, when the run is over: in a process of its own, however
    /// the tests ended.
    ///
    /// # Errors
    ///
    /// Written to the journal and told by the next run, which tries again.
    fn cleanup(&self, name: &Name) -> std::result::Result<(), BoxError> {
        let _ = name;
        Ok(())
    }

    /// Once per pool, when the run is over and all names are cleaned up: stop the
    /// server.
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
    /// The last holder gave it back in order.
    Reuse,
    /// The last holder panicked, died or said so: what it left is unknown.
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
    /// Where it stands.
    pub place: Place,
}

/// What generated code makes of the user's value.
pub fn boxed(resource: impl Resource) -> Box<dyn Resource> {
    Box::new(resource)
}
