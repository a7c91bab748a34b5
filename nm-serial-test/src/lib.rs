//! Takes the place of `serial_test`, without touching a test:
//!
//! ```toml
//! [dev-dependencies]
//! serial_test = { package = "nm-serial-test", version = "0.1" }
//! ```
//!
//! Its attributes, options, functions and features are all here. What holds a key is a
//! lease of name-manager: it ends with its process, `name-manager status` shows it, and who
//! waits says for whom. The page `docs/from-serial-test.md` lists what differs, and leads from
//! here to pools.
//!
//! ```no_run
//! use serial_test::{file_serial, parallel, serial};
//!
//! #[test]
//! #[serial]
//! fn alone_in_its_process() {}
//!
//! #[test]
//! #[parallel]
//! fn beside_others_like_it() {}
//!
//! #[test]
//! #[file_serial(db, cache)]
//! fn alone_with_both_on_this_machine() {}
//! ```
//!
//! | attribute | who waits for it |
//! |---|---|
//! | [`serial`](macro@serial) | `serial` and `parallel` of the same key, in the same process |
//! | [`parallel`](macro@parallel) | `serial` of the same key, in the same process |
//! | [`file_serial`](macro@file_serial) | `file_serial` and `file_parallel` of the same key, of all processes of this user |
//! | [`file_parallel`](macro@file_parallel) | `file_serial` of the same key, of all processes of this user |
//!
//! They go above or below the test attribute, on other functions and methods, and on modules,
//! where they apply to each test. Between the parentheses, in any order:
//!
//! | | |
//! |---|---|
//! | `key, other_key` | the keys; tests without one have one of their own in common |
//! | `path => "/tmp/lock"` | for `file_serial` and `file_parallel`: what is locked, instead of a key. Nothing is written there |
//! | `inner_attrs = [ntest::timeout(1000)]` | attributes of the body, which begins when the keys are held |
//! | `crate = path` | where this crate is, if it is not `serial_test` |
//!
//! A thread that holds a key exclusively has it again when it asks again, so that one test can
//! call another.

#![forbid(unsafe_code)]

mod functions;
mod held;

#[doc(hidden)]
pub use functions::{
    fs_async_parallel_core, fs_async_parallel_core_with_return, fs_async_serial_core,
    fs_async_serial_core_with_return, fs_parallel_core, fs_parallel_core_with_return,
    fs_serial_core, fs_serial_core_with_return, local_async_parallel_core,
    local_async_parallel_core_with_return, local_async_serial_core,
    local_async_serial_core_with_return, local_parallel_core, local_parallel_core_with_return,
    local_serial_core, local_serial_core_with_return,
};
pub use held::{is_locked_file_serially, is_locked_serially};

/// Runs a test, or all tests of a module, while no other `serial` or `parallel` one of the same
/// key runs in this process.
pub use nm_macros::serial;

/// Runs a test, or all tests of a module, while no `serial` one of the same key runs in this
/// process.
pub use nm_macros::parallel;

/// Runs a test, or all tests of a module, while no other `file_serial` or `file_parallel` one of
/// the same key or path runs in any process of this user.
pub use nm_macros::file_serial;

/// Runs a test, or all tests of a module, while no `file_serial` one of the same key or path
/// runs in any process of this user.
pub use nm_macros::file_parallel;

/// What generated code calls. Not part of the public API.
#[doc(hidden)]
pub use nm_runtime::private as __private0;
