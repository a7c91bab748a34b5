//! An attribute that fills no parameter of any test, for an unbounded pool: its
//! tests wait for nobody and keep nobody waiting. Surely the limit was forgotten.

use std::sync::atomic::Ordering;

use crate::base::error::Result;
use crate::base::notice;
use crate::declared::section;
use crate::pool::opened::Opened;

/// Warns of it, once per pool and process. Not sooner: a limit may come from any attribute
/// of the run and from the configuration. A pool with hooks, an allocator or an environment
/// is lent for their sake too.
pub(crate) fn warn_if_pointless(pool: &Opened, file: &str, line: u32) -> Result<()> {
    let has_purpose = pool.config.names.capacity().is_some()
        || !pool.config.env.is_empty()
        || pool.hooks()?.is_some()
        || pool.allocator()?.is_some();
    let is_warned = || pool.warned_unbounded.swap(true, Ordering::Relaxed);
    if has_purpose || fills_a_parameter(&pool.name, file, line) || is_warned() {
        return Ok(());
    }
    let name = &*pool.name;
    let parameter = name.replace('-', "_");
    let there = pool.config.header.as_ref();
    let there = there.map_or(String::new(), |header| format!(" or under {header}"));
    notice::say(&format!(
        "{file}:{line}: this `#[shared_resource]` keeps no test waiting, since pool `{name}` is unbounded: write `max = 1` here{there}; or take a name as a parameter, `{parameter}: Lease`\n"
    ));
    Ok(())
}

/// Whether the attribute is on a module in which some test takes a parameter.
fn fills_a_parameter(pool: &str, file: &str, line: u32) -> bool {
    let mut tests = section::tests().filter(|test| test.file == file);
    tests.any(|test| {
        let mut requests = test.requests();
        requests.any(|request| request.line == line && request.pool == pool && !request.bare)
    })
}
