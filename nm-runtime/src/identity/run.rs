//! The run this process belongs to. Recorded so that people can see it, and so that
//! a pool's life knows which runs use it; it never decides which holder has a name.

use std::env;

use once_cell::sync::OnceCell;

use crate::base::caller;
use crate::base::error::{Error, Result};
use crate::config::variables;
use crate::identity::runner;
use crate::terms::name;

const NEXTEST: &str = "NEXTEST_RUN_ID";

/// The run this process belongs to: one `cargo test`, `cargo nextest run` or
/// `name-manager run`; a test binary started by hand is a run of its own.
///
/// # Errors
///
/// If a `NAME_MANAGER_*` variable is not valid.
pub fn id() -> Result<&'static str> {
    static RUN: OnceCell<String> = OnceCell::new();
    Ok(
        RUN.get_or_try_init(|| match variables::get()?.run_id.clone() {
            Some(id) => Ok(id),
            None => match env::var(NEXTEST) {
                Ok(id) => match name::check_name(&id) {
                    Ok(()) => Ok(id),
                    Err(error) => {
                        Err(Error::config(format!("variable {NEXTEST} is not valid"))
                            .because(error))
                    }
                },
                Err(_) => {
                    let given = caller::get().and_then(|caller| caller.run.as_ref());
                    Ok(given.map_or_else(runner::run_id, |run| run.id.clone()))
                }
            },
        })?,
    )
}

/// Whether the run begins with this process: no variable names it, and no runner is near.
///
/// # Errors
///
/// If a `NAME_MANAGER_*` variable is not valid.
#[cfg(feature = "tools")]
pub fn begins_here() -> Result<bool> {
    Ok(id()? == runner::own_run_id())
}
