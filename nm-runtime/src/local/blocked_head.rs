//! What the head of a queue waits for, published for the waiters behind it: a holder
//! that queues for more may wait for a head that waits for what it holds.
//!
//! Explains, never decides. Only a head that has waited a while publishes it, so that
//! a quick hand-over costs nothing.

use std::path::Path;
use std::time::{Duration, Instant};

use nm_os::{ProcessState, process_state};

use crate::backend::snapshot::BlockedHead;
use crate::base::json;
use crate::local::dir::{PoolDir, replace};
use crate::local::files;
use crate::local::lock::is_locked;
use crate::terms::record::FORMAT;

const A_WHILE: Duration = Duration::from_millis(150);

/// The head of the pool with this directory, if it has published that it waits.
pub(crate) fn read(pool_dir: &Path) -> Option<BlockedHead> {
    let text = nm_os::read_regular(&pool_dir.join(files::HEAD)).ok()?;
    let head: BlockedHead = json::from_slice(&text)?;
    // A head that was killed leaves this behind.
    let queue = nm_os::open_regular(&pool_dir.join(files::QUEUE));
    let process = process_state(head.holder.pid, head.holder.pid_namespace);
    let is_live = process != ProcessState::Ended && queue.is_ok_and(is_locked);
    (head.v <= FORMAT && is_live).then_some(head)
}

/// A head's wait, published until this drops.
pub(crate) struct Published<'a> {
    dir: &'a PoolDir,
    from: Instant,
    /// How many names it had taken when it was last written.
    written: Option<usize>,
}

impl<'a> Published<'a> {
    pub(crate) fn new(dir: &'a PoolDir) -> Self {
        Self {
            dir,
            from: Instant::now() + A_WHILE,
            written: None,
        }
    }

    /// When [`Published::update`] is due, whatever happens until then.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.written.is_none().then_some(self.from)
    }

    /// Publishes the head as it is now.
    pub(crate) fn update(&mut self, taken: usize, head: impl FnOnce() -> BlockedHead) {
        if self.written == Some(taken) || Instant::now() < self.from {
            return;
        }
        self.written = Some(taken);
        // If this fails, others merely do not see the reason of a deadlock.
        let _ = replace(
            &self.dir.pool.path().join(files::HEAD),
            &json::to_string(&head()),
        );
    }
}

impl Drop for Published<'_> {
    fn drop(&mut self) {
        if self.written.is_some() {
            let _ = nm_os::remove(&self.dir.pool.path().join(files::HEAD));
        }
    }
}
