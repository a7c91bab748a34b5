use std::env;
use std::ffi::OsString;

/// As the user, or the cargo that started us, says.
pub fn program() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}
