//! What a process of a benchmark is told to do.

use std::time::Duration;

use crate::bench::{counts, hooks, server, whatif};
use crate::result::Result;

pub fn run(job: &[&str]) -> Result<()> {
    match job {
        ["hooks"] => hooks::measure(),
        ["hooked-once"] => hooks::once(),
        ["hooked-stays"] => hooks::stays(),
        ["nothing"] => Ok(()),
        ["suite", threads, from, to] => whatif::suite(threads.parse()?, from.parse()?..to.parse()?),
        ["hold", count] => counts::hold(count.parse()?),
        ["counted", work, count] => counts::work(work, count.parse()?),
        ["server-turns"] => server::turns(),
        ["server-leases", count, hold, pause] => {
            server::leases(count.parse()?, millis(hold)?, millis(pause)?)
        }
        _ => Err(format!("no job {job:?}").into()),
    }
}

fn millis(text: &str) -> Result<Duration> {
    Ok(Duration::from_millis(text.parse()?))
}
