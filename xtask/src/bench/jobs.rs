//! What a process of a benchmark is told to do.

use crate::bench::{counts, hooks, whatif};
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
        _ => Err(format!("no job {job:?}").into()),
    }
}
