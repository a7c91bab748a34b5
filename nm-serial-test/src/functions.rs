//! What serial_test's attributes call, and some of its users call themselves: a function or
//! a future that runs while keys are held.

use std::future::Future;

use nm_runtime::private::request::Request;
use nm_runtime::private::{Leases, acquire_as_asked, key};

#[track_caller]
fn local(names: &[&str], shared: bool) -> Leases {
    let pools = names.iter().map(|name| key::in_process(name));
    acquire(pools.collect(), shared, true)
}

#[track_caller]
fn file(names: &[&str], path: Option<&str>, shared: bool) -> Leases {
    let pools = match (path, names) {
        (Some(path), [] | [_]) => vec![pool_at(path)],
        (Some(path), [_, second, ..]) => panic!(
            "a path is one lock, so it goes with one key, not with `{second}` too; path: `{path}`"
        ),
        (None, names) => names
            .iter()
            .map(|name| key::across_processes(name))
            .collect(),
    };
    acquire(pools, shared, false)
}

/// The pool of this path, which may be relative to the current directory.
pub(crate) fn pool_at(path: &str) -> String {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.into());
    key::at_path(&absolute)
}

#[track_caller]
fn acquire(mut pools: Vec<String>, shared: bool, own: bool) -> Leases {
    pools.sort();
    pools.dedup();
    let requests: Vec<_> = pools
        .iter()
        .map(|pool| Request {
            pool,
            shared,
            own,
            again: true,
            ..Request::default()
        })
        .collect();
    acquire_as_asked(&requests)
}

/// The four functions of one attribute: for what returns nothing and what returns a
/// `Result`, and both of them asynchronous.
macro_rules! functions {
    (
        $(#[$doc:meta])*
        $plain:ident, $returning:ident($path_of_returning:ty), $asynchronous:ident, $asynchronous_returning:ident:
        |$names:ident, $path:ident| $keys:expr
    ) => {
        $(#[$doc])*
        #[track_caller]
        pub fn $plain($names: Vec<&str>, $path: Option<&str>, function: fn()) {
            let _keys = $keys;
            function();
        }

        $(#[$doc])*
        ///
        /// # Errors
        ///
        /// What the function returns.
        #[track_caller]
        pub fn $returning<R, E>(
            $names: Vec<&str>,
            $path: Option<$path_of_returning>,
            function: fn() -> Result<R, E>,
        ) -> Result<R, E> {
            let _keys = $keys;
            function()
        }

        $(#[$doc])*
        pub async fn $asynchronous(
            $names: Vec<&str>,
            $path: Option<&str>,
            future: impl Future<Output = ()>,
        ) {
            let _keys = $keys;
            future.await;
        }

        $(#[$doc])*
        ///
        /// # Errors
        ///
        /// What the future returns.
        pub async fn $asynchronous_returning<R, E>(
            $names: Vec<&str>,
            $path: Option<&str>,
            future: impl Future<Output = Result<R, E>>,
        ) -> Result<R, E> {
            let _keys = $keys;
            future.await
        }
    };
}

functions! {
    /// Runs this with the keys held as by `#[serial]`. The path means nothing.
    ///
    /// # Panics
    ///
    /// If they cannot be had.
    local_serial_core,
    local_serial_core_with_return(String),
    local_async_serial_core,
    local_async_serial_core_with_return:
    |names, _path| local(&names, false)
}

functions! {
    /// Runs this with the keys held as by `#[parallel]`. The path means nothing.
    ///
    /// # Panics
    ///
    /// If they cannot be had.
    local_parallel_core,
    local_parallel_core_with_return(&str),
    local_async_parallel_core,
    local_async_parallel_core_with_return:
    |names, _path| local(&names, true)
}

functions! {
    /// Runs this with the keys, or the path, held as by `#[file_serial]`.
    ///
    /// # Panics
    ///
    /// If they cannot be had, or there are several keys and a path.
    fs_serial_core,
    fs_serial_core_with_return(&str),
    fs_async_serial_core,
    fs_async_serial_core_with_return:
    |names, path| file(&names, path, false)
}

functions! {
    /// Runs this with the keys, or the path, held as by `#[file_parallel]`.
    ///
    /// # Panics
    ///
    /// If they cannot be had, or there are several keys and a path.
    fs_parallel_core,
    fs_parallel_core_with_return(&str),
    fs_async_parallel_core,
    fs_async_parallel_core_with_return:
    |names, path| file(&names, path, true)
}
