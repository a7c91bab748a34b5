//! Whether keys are held.

use nm_runtime::private::{is_held, is_held_by_any, key};

use crate::functions::pool_at;

/// Whether this thread holds this key as by `#[serial]`, or without a name `#[serial]` itself:
/// to assert that code is called from such tests alone.
///
/// ```
/// use serial_test::{is_locked_serially, serial};
///
/// fn writes_to_the_registry() {
///     assert!(is_locked_serially(Some("registry")));
/// }
///
/// #[serial(registry)]
/// fn main() {
///     writes_to_the_registry();
///     assert!(!is_locked_serially(None));
/// }
/// ```
pub fn is_locked_serially(name: Option<&str>) -> bool {
    is_held(&key::in_process(name.unwrap_or_default()))
}

/// Whether this key, or this path, is held as by `#[file_serial]`, by whatever thread and
/// process.
///
/// # Panics
///
/// If that cannot be found out.
///
/// ```
/// use serial_test::{file_serial, is_locked_file_serially};
///
/// #[file_serial(held_doc)]
/// fn main() {
///     assert!(is_locked_file_serially(Some("held_doc"), None));
///     assert!(!is_locked_file_serially(Some("held_doc_too"), None));
/// }
/// ```
pub fn is_locked_file_serially(name: Option<&str>, path: Option<&str>) -> bool {
    let pool = match path {
        Some(path) => pool_at(path),
        None => key::across_processes(name.unwrap_or_default()),
    };
    match is_held_by_any(&pool) {
        Ok(is_held) => is_held,
        Err(error) => panic!("{error:?}"),
    }
}
