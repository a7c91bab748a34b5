use std::env;
use std::ffi::OsString;

/// As set by the user or by the cargo that started us.
pub fn program() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}
