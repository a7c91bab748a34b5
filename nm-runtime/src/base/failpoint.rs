//! Named places at which a process under torture may stop, or die.
//!
//! Only a build with `--cfg name_manager_failpoints` has them: a feature could be
//! unified into a user's tests. In all other builds they compile to nothing.

#[cfg(name_manager_failpoints)]
static CALLED: once_cell::sync::OnceCell<fn(&'static str)> = once_cell::sync::OnceCell::new();

/// Sets the function that each failpoint calls with its name. Only the first call counts.
#[cfg(name_manager_failpoints)]
pub fn set(called: fn(&'static str)) {
    let _ = CALLED.set(called);
}

#[cfg(name_manager_failpoints)]
pub(crate) fn at(site: &'static str) {
    if let Some(called) = CALLED.get() {
        called(site);
    }
}

#[cfg(not(name_manager_failpoints))]
#[inline(always)]
pub(crate) fn at(_site: &'static str) {}
