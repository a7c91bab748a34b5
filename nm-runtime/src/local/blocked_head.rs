//! What the head of a queue waits for, shown to those behind it: a holder in
//! line for more may wait for a head that waits for what it holds.
//!
//! Explains, never decides. Only a head that has waited a while shows it, so that
//! a quick hand-over costs nothing.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::backend::snapshot::BlockedHead;
use crate::base::json;
use crate::local::dir::{PoolDir, replace};
use crate::local::files;
use crate::sys;
use crate::terms::record::FORMAT;

const A_WHILE: Duration = Duration::from_millis(150);

/// The head of the pool that has this directory, if it shows that it waits.
pub(crate) fn read(pool_dir: &Path) -> Option<BlockedHead> {
    let text = sys::read_regular(&pool_dir.join(files::HEAD)).ok()?;
    let head: BlockedHead = json::from_slice(&text)?;
    // One that was killed has left this behind.
    (head.v <= FORMAT && sys::is_alive(head.holder.pid)).then_some(head)
}

/// A head's wait, as it is shown until this drops.
pub(crate) struct Shown<'a> {
    dir: &'a PoolDir,
    from: Instant,
    /// With how many names taken.
    written: Option<usize>,
}

impl<'a> Shown<'a> {
    pub(crate) fn new(dir: &'a PoolDir) -> Self {
        Self {
            dir,
            from: Instant::now() + A_WHILE,
            written: None,
        }
    }

    /// When [`Shown::update`] is due, whatever happens until then.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.written.is_none().then_some(self.from)
    }

    /// Shows the head as it is now.
    pub(crate) fn update(&mut self, taken: usize, head: impl FnOnce() -> BlockedHead) {
        if self.written == Some(taken) || Instant::now() < self.from {
            return;
        }
        self.written = Some(taken);
        // Others would merely not see the reason of a deadlock.
        let _ = replace(
            &self.dir.pool.path().join(files::HEAD),
            &json::to_string(&head()),
        );
    }
}

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        if self.written.is_some() {
            let _ = fs::remove_file(self.dir.pool.path().join(files::HEAD));
        }
    }
}
