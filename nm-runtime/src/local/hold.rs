//! A name that this process holds, until it ends.

use std::io;
use std::mem;
use std::sync::Arc;

use nm_os::Obituary;

use crate::backend::hold::{Ending, Hold};
use crate::base::error::{Error, Kind, Result};
use crate::base::failpoint;
use crate::local::dir::{PoolDir, unusable};
use crate::local::files;
use crate::local::lock::Locked;
use crate::local::record_file::RecordFile;
use crate::terms::access::Access;
use crate::terms::event::{self, Entry};
use crate::terms::holder::Holder;
use crate::terms::record::{Record, Tenure};

/// A name whose kernel lock this process holds.
#[derive(Debug)]
pub(crate) struct LocalHold {
    pub(crate) name: String,
    pub(crate) access: Access,
    pub(crate) lock: Locked,
    pub(crate) file: RecordFile,
    /// As it was granted. Only its holder writes the record of an exclusive lease.
    pub(crate) record: Record,
    pub(crate) dir: Arc<PoolDir>,
    pub(crate) holder: Arc<Holder>,
    pub(crate) request: String,
    /// Kept until the name is given back: ended before its body, it would put that off.
    pub(crate) _obituary: Option<Obituary>,
}

impl Hold for LocalHold {
    fn name(&self) -> &str {
        &self.name
    }

    fn holder(&self) -> &Arc<Holder> {
        &self.holder
    }

    fn record(&mut self) -> &mut Record {
        &mut self.record
    }

    fn save(&mut self) -> Result<()> {
        let written = self.file.write(&self.record);
        written.map_err(|error| self.unusable(files::record(&self.name), error))
    }

    fn amend(&mut self, change: &mut dyn FnMut(&mut Record)) -> Result<()> {
        let changed = self.file.update(change);
        changed.map_err(|error| self.unusable(files::record(&self.name), error))
    }

    fn share(&mut self) -> Result<bool> {
        let failed = |error| self.unusable(files::lock(&self.name), error);
        let mut shared = self.lock.share().map_err(failed)?;
        if shared {
            let record = self.file.read();
            let record = record.map_err(|error| self.unusable(files::record(&self.name), error))?;
            // If we are no longer in it, a writer had the name in between, took us for
            // dead, and has released it: what was made ready may be undone.
            shared = record.holders.iter().any(|tenure| self.is_ours(tenure));
        }
        // Readers that found the name taken look again.
        self.dir.bell.ring();
        Ok(shared)
    }

    fn is_of_this_process(&self) -> bool {
        self.holder.pid == std::process::id()
    }

    fn leave(self: Box<Self>) {
        // A forked child shares the lock with its parent.
        self.lock.leave();
    }

    fn end(self: Box<Self>, ending: Ending<'_>) -> Result<()> {
        let mut held = *self;
        let (name, lock) = (ending.name, files::lock(ending.name));
        let replaced = held.is_replaced(&lock);
        let (request, holder) = (mem::take(&mut held.request), held.holder.clone());
        let kind = match replaced {
            true => event::Kind::Lost,
            false => event::Kind::Released,
        };
        let entry = Entry {
            name: Some(name),
            fence: Some(held.record.fence),
            detail: ending.reason.as_deref(),
            access: Some(held.access),
            state: Some(ending.state),
            ..Entry::new(kind, ending.pool, &request, &holder)
        };
        // Record and journal before the lock: the next holder reads the record, and
        // in the journal `released` comes before its `acquired`.
        failpoint::at("release: begun");
        held.dir.journal.write(&held.dir.pool, &entry);
        failpoint::at("release: journalled");
        let recorded = match replaced {
            true => Ok(()),
            false => held.give_back(&ending),
        };
        failpoint::at("release: recorded");
        let unlocked = held.lock.unlock();
        failpoint::at("release: unlocked");
        held.dir.bell.ring();
        failpoint::at("release: woken");
        let names = &held.dir.names;
        // Nobody waits for this, and it takes a while. If not even the path can be examined,
        // others could lock another file with this name.
        let is_named = |file| names.names(&lock, file).unwrap_or(false);
        if replaced || unlocked.as_ref().is_ok_and(|file| !is_named(file)) {
            return Err(Error::new(
                Kind::Lost,
                format!(
                    "`{name}` may have been lent to others while this test held it: its lock under `{}` was removed or replaced; do not touch the state directory while tests run",
                    names.path().display()
                ),
            ));
        }
        recorded.map_err(|error| unusable(&names.path().join(files::record(name)), error))?;
        let file = unlocked.map_err(|error| {
            Error::io(
                format!("failed to unlock `{name}`; it is free when the process ends"),
                error,
            )
        })?;
        names.keep(&lock, Some(file));
        names.keep(&files::record(name), Some(held.file.into_file()));
        Ok(())
    }
}

impl LocalHold {
    fn unusable(&self, file: String, error: io::Error) -> Error {
        unusable(&self.dir.names.path().join(file), error)
    }

    fn is_ours(&self, tenure: &Tenure) -> bool {
        tenure.is_of(&self.holder)
    }

    /// Whether others could lock another file with this name in our directory. If not
    /// even that can be examined, they could.
    fn is_replaced(&self, lock: &str) -> bool {
        let ours = self.lock.is_in(&self.dir.names, lock);
        !ours.unwrap_or(false)
    }

    fn give_back(&mut self, ending: &Ending<'_>) -> io::Result<()> {
        let (holder, access) = (&self.holder, self.access);
        let after = match ending.as_it_was {
            true => None,
            false => Some((ending.state, ending.reason.as_deref())),
        };
        match access {
            Access::Shared => self
                .file
                .update(|record| record.give_back(holder, access, after)),
            Access::Exclusive => {
                self.record.give_back(holder, access, after);
                self.file.write(&self.record)
            }
        }
    }
}
