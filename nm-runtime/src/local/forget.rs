//! Forgets what is known about a pool's names, as if they had never been lent.

use std::time::Duration;

use crate::backend::ask::RequestId;
use crate::backend::patience::Deadline;
use crate::backend::runs::Runs;
use crate::backend::snapshot::Forgotten;
use crate::base::error::Result;
use crate::local::dir::{PoolDir, unusable};
use crate::local::head::{Head, try_lock_name};
use crate::local::lock::Locked;
use crate::local::record_file::RecordFile;
use crate::local::{files, look, pool_code, pool_life, runs};
use crate::terms::access::Access;
use crate::terms::event::{self, Entry, Phase};
use crate::terms::holder::Holder;
use crate::terms::record::Record;

/// Forgets what is known about the free names; about none while one is lent, unless
/// `force`.
pub(crate) fn forget(dir: &PoolDir, pool: &str, holder: &Holder, force: bool) -> Result<Forgotten> {
    // As the head of the queue: meanwhile no waiter misses a free name.
    let Some(_head) = Head::enter_soon(dir)? else {
        return Ok(Forgotten {
            awaited: true,
            ..Forgotten::default()
        });
    };
    let mut done = Forgotten::default();
    let mut free: Vec<(String, Locked)> = Vec::new();
    let names = look::recorded(dir.names.path());
    for name in names.map_err(|error| unusable(dir.names.path(), error))? {
        match try_lock_name(dir, &name, Access::Exclusive)? {
            Some((lock, _)) => free.push((name, lock)),
            None => done.lent.push(name),
        }
    }
    if !done.lent.is_empty() && !force {
        return Ok(done);
    }
    let request = RequestId::next(holder.pid).text();
    for (name, _lock) in free {
        forget_name(dir, &name)?;
        let entry = Entry {
            name: Some(&name),
            detail: Some("all that was known of it is forgotten"),
            phase: Some(Phase::Done),
            ..Entry::new(event::Kind::Reset, pool, &request, holder)
        };
        dir.journal.write(&dir.pool, &entry);
        done.names.push(name);
    }
    if done.lent.is_empty() && !is_in_use(dir)? {
        pool_code::forget(dir)?;
        runs::forget_dead(dir)?;
    }
    Ok(done)
}

/// So long another process may keep the answer from us.
const PATIENCE: Duration = match cfg!(test) {
    true => Duration::from_millis(50),
    false => Duration::from_secs(10),
};

/// Whether processes with the pool's hooks are alive, or their reaper: they have said
/// once where the hooks are.
fn is_in_use(dir: &PoolDir) -> Result<bool> {
    for run in pool_life::read(dir)?.runs {
        if dir.is_alive(&run, Some(&mut Deadline::after(PATIENCE)))? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn forget_name(dir: &PoolDir, name: &str) -> Result<()> {
    let failed = |error| unusable(&dir.names.path().join(files::record(name)), error);
    let mut file = RecordFile::open(&dir.names, name).map_err(failed)?;
    let record = Record {
        fence: file.read().map_err(failed)?.fence,
        ..Record::new()
    };
    file.write(&record).map_err(failed)
}
