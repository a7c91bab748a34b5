//! Forgetting what is known of a pool's names, so that each begins anew.

use std::sync::Arc;
use std::thread;
use std::time::Instant;

use crate::base::error::Result;
use crate::identity::asker;
use crate::journal::Entry;
use crate::local::dir::{PoolDir, unusable};
use crate::local::files;
use crate::local::grant::{TRY_FOR, next_request};
use crate::local::head::{Head, try_lock_name};
use crate::local::lock::Locked;
use crate::local::record_file::RecordFile;
use crate::pool::{Pool, Shared};
use crate::terms::access::Access;
use crate::terms::event;
use crate::terms::event::Phase;
use crate::terms::record::Record;

/// What [`Pool::forget`] did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// Names that are as if they had never been lent.
    pub names: Vec<String>,
    /// Names that are lent. They were left as they are.
    pub lent: Vec<String>,
    /// Somebody waits for names, who must not be overtaken: all were left.
    pub awaited: bool,
}

impl Pool {
    /// Forgets what is known of the pool's names: their dates, whether they are
    /// dirty or broken, and that they were made usable. Fences go on growing, and
    /// the journal stays. While a name is lent nothing is forgotten, or, with
    /// `force`, only what concerns the others: nobody can take a name from its
    /// holder.
    ///
    /// # Errors
    ///
    /// When the pool's directory cannot be used.
    #[track_caller]
    pub fn forget(&self, force: bool) -> Result<Forgotten> {
        let holder = asker::current(std::panic::Location::caller())?;
        // As head of the queue: meanwhile nobody misses a name that is free.
        let dir = self.shared.dir()?;
        let Some(head) = head(&self.shared, &dir)? else {
            return Ok(Forgotten {
                awaited: true,
                ..Forgotten::default()
            });
        };
        let mut done = Forgotten::default();
        let mut free: Vec<(String, Locked)> = Vec::new();
        let names = RecordFile::names(&head.dir.names)
            .map_err(|error| unusable(head.dir.names.path(), error))?;
        for name in names {
            match try_lock_name(&head.dir, &name, Access::Exclusive)? {
                Some(lock) => free.push((name, lock)),
                None => done.lent.push(name),
            }
        }
        if !done.lent.is_empty() && !force {
            return Ok(done);
        }
        let request = next_request(holder.pid);
        for (name, _lock) in free {
            forget(&head.dir, &name)?;
            let entry = Entry {
                name: Some(&name),
                detail: Some("all that was known of it is forgotten"),
                phase: Some(Phase::Done),
                ..Entry::new(event::Kind::Reset, self.name(), &request, &holder)
            };
            head.dir.journal.write(&head.dir.pool, &entry);
            done.names.push(name);
        }
        Ok(done)
    }
}

/// Heads the queue. Others may just be taking a name; they are given a moment.
fn head<'a>(pool: &'a Shared, dir: &Arc<PoolDir>) -> Result<Option<Head<'a>>> {
    let started = Instant::now();
    loop {
        match Head::enter_now(pool, dir)? {
            Some(head) => return Ok(Some(head)),
            None if started.elapsed() > TRY_FOR => return Ok(None),
            None => thread::sleep(TRY_FOR / 40),
        }
    }
}

fn forget(dir: &PoolDir, name: &str) -> Result<()> {
    let failed = |error| unusable(&dir.names.path().join(files::record(name)), error);
    let mut file = RecordFile::open(&dir.names, name).map_err(failed)?;
    let record = Record {
        fence: file.read().map_err(failed)?.fence,
        ..Record::new()
    };
    file.write(&record).map_err(failed)
}
