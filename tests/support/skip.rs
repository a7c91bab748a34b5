//! Tests that need what a machine may not allow.

/// Says why a test is skipped. Where everything must be there (`CI=true`) it
/// fails instead.
///
/// # Panics
///
/// In continuous integration.
#[track_caller]
pub fn because(reason: &str) {
    assert!(
        std::env::var_os("CI").is_none_or(|ci| ci != "true"),
        "not to be skipped in CI: {reason}"
    );
    eprintln!("skipped: {reason}");
}
