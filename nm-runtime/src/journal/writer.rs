use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use nm_os::{Appender, Dir};
use once_cell::sync::OnceCell;

use crate::base::{json, notice};
use crate::terms::event::Entry;

pub(crate) const JOURNAL: &str = "journal.jsonl";
/// The journal before the last rotation. The one before that is deleted, and with it
/// the oldest runs.
pub(crate) const OLD_JOURNAL: &str = "journal.old.jsonl";

const LONG: u64 = 16 << 20;

/// Appends to a pool's journal.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    file: OnceCell<Appender>,
    failed: AtomicBool,
}

impl Writer {
    /// Appends the entry as a line; those of several processes never mix. A journal that cannot be written costs no lease: the error is reported
    /// once.
    pub(crate) fn write(&self, pool_dir: &Dir, entry: &Entry<'_>) {
        let mut line = json::to_string(entry);
        line.push('\n');
        self.write_lines(pool_dir, &line);
    }

    /// As [`Writer::write`], for entries that are lines already.
    pub(crate) fn write_lines(&self, pool_dir: &Dir, lines: &str) {
        let file = self.file.get_or_try_init(|| pool_dir.append(JOURNAL));
        let written = file.and_then(|file| file.append(lines.as_bytes()));
        if let Err(error) = written
            && !self.failed.swap(true, Ordering::Relaxed)
        {
            notice::say(&format!(
                "failed to write journal `{}`: {error}; leases go on without it\n",
                pool_dir.path().join(JOURNAL).display()
            ));
        }
    }
}

/// Rotates a journal that is too long. Called when a process opens the pool.
pub(crate) fn rotate(pool_dir: &Dir) -> io::Result<()> {
    let path = pool_dir.path().join(JOURNAL);
    match path.symlink_metadata() {
        Ok(metadata) if metadata.len() > LONG => {
            nm_os::rename(&path, &pool_dir.path().join(OLD_JOURNAL))
        }
        _ => Ok(()),
    }
}
