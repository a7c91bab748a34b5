//! The attribute macros of `name-manager`; depend on `name-manager`, which
//! re-exports and documents them.

#![forbid(unsafe_code)]
#![cfg_attr(
    not(all(feature = "pools", feature = "serial")),
    allow(dead_code, reason = "tokens are read in one way for all attributes")
)]

// From top to bottom: `expand` sees what `#[shared_resource]` stands above, `module`
// carries it to each test inside, `test` expands one. Below them `requests`, `conflict`,
// `parameter` and `panics` know what is asked for; `args` and `value` read the options, and
// `signature`, `item` and `attribute` the tokens. `resource` is the other attribute,
// `serial` those of serial_test, with what `keys` reads; both kinds of tests share `body`.
// Each uses what is below it alone. The features `pools` and `serial` are the two kinds of
// attributes; the latter need no syn.

// Cargo hands it to a crate of macros alone; what is fuzzed is a library.
extern crate proc_macro;

#[cfg(feature = "pools")]
mod args;
mod attribute;
mod body;
#[cfg(feature = "pools")]
mod conflict;
#[cfg(feature = "pools")]
mod expand;
#[cfg(fuzzing)]
pub mod fuzz;
#[cfg(all(test, feature = "pools", feature = "serial", not(fuzzing)))]
mod fuzz;
mod item;
#[cfg(feature = "serial")]
mod keys;
mod mistakes;
#[cfg(feature = "pools")]
mod module;
mod panics;
#[cfg(feature = "pools")]
mod parameter;
#[cfg(feature = "pools")]
mod requests;
#[cfg(feature = "pools")]
mod resource;
#[cfg(feature = "serial")]
mod serial;
mod signature;
#[cfg(feature = "pools")]
mod spelling;
#[cfg(feature = "pools")]
mod test;
#[cfg(feature = "pools")]
mod value;

// Macros cannot be linked to, and what fuzzes calls what they call.
#[cfg(not(fuzzing))]
use proc_macro::TokenStream;

/// Holds a name of a pool for the length of a test.
///
/// The attribute goes above the test attribute. It takes the parameters that
/// it fills off the function, leaves every other attribute and parameter where
/// it was, and wraps the body: acquire, then the body, then release.
///
/// ```ignore
/// use name_manager::{Lease, shared_resource};
///
/// #[shared_resource(pool = "db", max = 2)]
/// #[test]
/// fn lists_users(db: Lease) {
///     let url = format!("postgres://localhost/{db}"); // db-0 or db-1
/// }
/// ```
///
/// is, written by hand,
///
/// ```ignore
/// #[test]
/// fn lists_users() {
///     let db = Pool::open("db").unwrap().acquire().unwrap();
///     let url = format!("postgres://localhost/{db}");
/// }
/// ```
///
/// # Parameters
///
/// A parameter receives a lease from the pool that it is named after: `smtp_server` or
/// `_smtp_server` from the pool `smtp-server`. Its type is `Lease`, any type that
/// implements `FromLease`, or with `count` and `all` a `Vec` of those. Without such a
/// parameter the lease is still held for the whole body. That keeps tests apart only if
/// the pool is bounded: if nothing says `max` or `names`, and no test takes a parameter
/// from the attribute, a warning on standard error says so, once per process. (Not
/// so for `name`, `count` and `all`, nor for a pool with a `Resource`, an `Allocator` or
/// an `env`.)
///
/// # Repeated, and on modules
///
/// Several of these attributes above one test are one request: all leases are
/// taken before the body, in an order that cannot deadlock. They must be recognised for
/// that: two that are imported under another name (`use name_manager::shared_resource as
/// serial`) are an error. On an inline module
/// the attribute applies to every test in it, nested modules and `proptest!`
/// blocks included; a test's own attribute for the same pool wins. Tests that a macro
/// makes, or another file contains, it cannot see.
///
/// # Where it goes
///
/// Above the test attribute, and best above everything: only there it fills parameters.
/// Without parameters to fill it also works below the test attribute, and on any other
/// function or method: a helper, an async function, `fn main` of an example in the
/// documentation. The lease is held while that function runs. A test that holds a lease
/// and calls a function that takes another asks for more while it holds something; two
/// such tests can deadlock, which is found and fails one of them.
///
/// # Timeouts
///
/// An attribute that limits the time of a test (`#[timeout]` of ntest or rstest) limits
/// what is below it:
///
/// | order | counts the wait for the lease | parameters |
/// |---|---|---|
/// | `#[shared_resource]`, then `#[timeout]` | yes | yes |
/// | `#[timeout]`, then `#[shared_resource]` | no | no |
///
/// The first is the safe one: a body that goes on after its time is over, on a thread
/// that nobody can stop, keeps its lease. In the second the lease is given back while
/// such a body may still use the resource. A parameter there is error E0434 (`can't
/// capture dynamic environment`), because the body has become a function of its own
/// before the attribute sees it. Where the wait must not count and the body needs its
/// lease, limit the time in the body (`tokio::time::timeout`), or let nextest do it for
/// tests that it starts when a name is free (`name-manager nextest`).
///
/// # Options
///
/// | option | means |
/// |---|---|
/// | `pool = "db"` | the pool; required |
/// | `max = 2` | the pool has this many names: `db-0`, `db-1` |
/// | `names = ["db_a", "db_b"]` | the pool has these names |
/// | `name = "db_a"` | lend this name and no other |
/// | `access = "shared"` | read only, beside other readers; otherwise `"exclusive"` |
/// | `count = 2` | this many names at once |
/// | `all` | the whole pool at once |
/// | `wait_timeout = "3m"` | how long to wait before the test fails |
/// | `set_env` | set the lease's variables in this process: see below |
/// | `arg = database` | the parameter to fill, if it is not named after the pool |
/// | `crate = path` | where `name-manager` is, if it is not `::name_manager` |
///
/// # The environment
///
/// With `set_env`, the variables of the lease (the pool's `env`, or what its `Allocator`
/// gives) become variables of the process, once the name is ready and before the body.
///
/// ```ignore
/// #[shared_resource(pool = "db", set_env)]
/// #[test]
/// fn connects() {
///     let url = std::env::var("DATABASE_URL").unwrap();
/// }
/// ```
///
/// is, written by hand,
///
/// ```ignore
/// #[test]
/// fn connects() {
///     let _db = Pool::open("db").unwrap().request().set_env().acquire().unwrap();
///     let url = std::env::var("DATABASE_URL").unwrap();
/// }
/// ```
///
/// The environment is that of the whole process. So the process must have been started
/// for this test alone, as nextest does it, and have no other threads yet (a tokio runtime
/// with `flavor = "multi_thread"` has some). Otherwise, as under `cargo test`, the test
/// fails before anything is acquired, and says so. What works everywhere is to give the
/// code under test its settings as values: `db.env("DATABASE_URL")`.
///
/// # Limits
///
/// The parameters of a test inside `proptest!` are strategies, so none of them
/// can be filled: the lease is held.
/// `rstest` and `test_case` run each case with a lease of its own.
///
/// A test that cannot get its lease panics. One that any panic would pass, by
/// `#[should_panic]` without `expected = ".."`, returns instead, and fails by that.
/// Where only some cases are to panic (rstest's `#[should_panic]` above a `#[case]`,
/// `test_case`'s `=> panics`), or the test returns a value, neither would do: such a
/// test ends its process, with the reason on standard error.
#[cfg(all(feature = "pools", not(fuzzing)))]
#[proc_macro_attribute]
pub fn shared_resource(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::shared_resource(args.into(), item.into()).into()
}

/// Registers the life of a pool's resources: stands above an `impl Resource`.
///
/// ```ignore
/// #[derive(Default)]
/// struct Database;
///
/// #[name_manager::resource(pool = "db")]
/// impl Resource for Database {
///     fn init(&self, name: &Name) -> Result<(), BoxError> {
///         create_database(name)
///     }
/// }
/// ```
///
/// | option | means |
/// |---|---|
/// | `pool = "db"` | the pool; required |
/// | `with = Database::new()` | makes the value, instead of `Database::default()` |
/// | `crate = path` | where `name-manager` is, if it is not `::name_manager` |
///
/// Every test binary that uses the pool needs it; best write it in a crate that
/// they share, of which each uses something.
#[cfg(all(feature = "pools", not(fuzzing)))]
#[proc_macro_attribute]
pub fn resource(args: TokenStream, item: TokenStream) -> TokenStream {
    resource::resource(args.into(), item.into()).into()
}

/// `nm-serial-test` has it and its documentation.
#[cfg(all(feature = "serial", not(fuzzing)))]
#[doc(hidden)]
#[proc_macro_attribute]
pub fn serial(args: TokenStream, item: TokenStream) -> TokenStream {
    serial::expand(serial::SERIAL, args.into(), item.into()).into()
}

/// `nm-serial-test` has it and its documentation.
#[cfg(all(feature = "serial", not(fuzzing)))]
#[doc(hidden)]
#[proc_macro_attribute]
pub fn parallel(args: TokenStream, item: TokenStream) -> TokenStream {
    serial::expand(serial::PARALLEL, args.into(), item.into()).into()
}

/// `nm-serial-test` has it and its documentation.
#[cfg(all(feature = "serial", not(fuzzing)))]
#[doc(hidden)]
#[proc_macro_attribute]
pub fn file_serial(args: TokenStream, item: TokenStream) -> TokenStream {
    serial::expand(serial::FILE_SERIAL, args.into(), item.into()).into()
}

/// `nm-serial-test` has it and its documentation.
#[cfg(all(feature = "serial", not(fuzzing)))]
#[doc(hidden)]
#[proc_macro_attribute]
pub fn file_parallel(args: TokenStream, item: TokenStream) -> TokenStream {
    serial::expand(serial::FILE_PARALLEL, args.into(), item.into()).into()
}
