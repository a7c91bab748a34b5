//! Waiting for one given name: beside the queue, not at its head, so that others
//! may go on to other names. Meanwhile the name is reserved, so that they do not
//! go on to this one.

use std::sync::Arc;

use crate::base::error::Result;
use crate::base::failpoint;
use crate::lend::wait::Wait;
use crate::local::dir::unusable;
use crate::local::head::{Head, LOOKS_FOR_READERS, Take, Taken, broken, taken};
use crate::local::lock::Locked;
use crate::local::timed_lock::Queued;
use crate::local::{files, line};
use crate::sys::{OpenFile, Wake};
use crate::terms::access::Access;

impl Head<'_> {
    /// Takes this name if it is free.
    pub(crate) fn try_take_named(&self, name: &str, access: Access) -> Result<Option<Taken>> {
        // Whoever asked has been told already if there is no such name.
        let index = self.pool.config.names.index_of(name).unwrap_or_default();
        match self.take(index, name, access)? {
            Take::Taken(taken) => Ok(Some(taken)),
            Take::Busy => Ok(None),
            Take::Broken(reason) => Err(broken(&self.pool.name, &reason)),
        }
    }

    /// Takes this name, waiting for it, and leaves the queue as soon as the name
    /// is reserved. Nothing when the directory turned out to be removed.
    pub(crate) fn take_named(
        &mut self,
        name: &str,
        access: Access,
        wait: &mut Wait<'_>,
    ) -> Result<Option<Taken>> {
        if let Some(taken) = self.try_take_named(name, access)? {
            return Ok(Some(taken));
        }
        let dir = self.dir.clone();
        wait.begin(&dir);
        let path = dir.names.path().join(files::reservation(name));
        let failed = |error| unusable(&path, error);
        let _waiting = line::announce(&dir, wait)?;
        let file = dir.names.file(&files::reservation(name)).map_err(failed)?;
        // Opened before the reservation is ours and kept while it is, also by what
        // we give up: if we die, the FIFO hangs up and the head looks again at the
        // name.
        let wake = Arc::new(Wake::open(&dir.names, &files::fifo(name)).map_err(failed)?);
        let mut reserved = Reservation {
            lock: None,
            wake: wake.clone(),
        };
        match Locked::try_lock(file, Access::Exclusive).map_err(failed)? {
            Ok(lock) => {
                reserved.lock = Some(lock);
                failpoint::at("given name: reserved");
                self.leave();
                wait.left_queue(&dir, true);
            }
            Err(file) => {
                let queued = Queued::join(file, Access::Exclusive, poke(&wake)).map_err(failed)?;
                self.leave();
                wait.left_queue(&dir, false);
                reserved.lock = Some(wait.for_lock(&queued, &dir, &path)?);
                wait.left_queue(&dir, true);
            }
        }
        failpoint::at("given name: first to get it");
        let mut looks = LOOKS_FOR_READERS;
        loop {
            let open = || dir.names.file(&files::lock(name)).map_err(failed);
            let (lock, alone) =
                match Locked::try_lock(open()?, Access::Exclusive).map_err(failed)? {
                    Ok(lock) => (lock, true),
                    Err(file) if access == Access::Shared => {
                        match Locked::try_lock(file, access).map_err(failed)? {
                            Ok(lock) => (lock, false),
                            Err(file) => {
                                // Granted, there may be nobody else: look again.
                                drop(self.wait_in_kernel(name, file, access, &wake, wait)?);
                                continue;
                            }
                        }
                    }
                    Err(file) => (self.wait_in_kernel(name, file, access, &wake, wait)?, true),
                };
            if lock.is_in(&dir.names, &files::lock(name)).map_err(failed)? {
                failpoint::at("given name: locked");
                let index = self.pool.config.names.index_of(name).unwrap_or_default();
                // With the name's own FIFO open, or the name free again: only then
                // the reservation drops, and wakes the head.
                let taken = taken(&dir, index, name, lock, alone);
                if let Ok(Take::Taken(taken)) = &taken
                    && !taken.alone
                    && !taken.has_readers()
                    && looks > 0
                {
                    // Its writer has just let go: nobody made it ready for us.
                    looks -= 1;
                    continue;
                }
                drop(reserved);
                return match taken? {
                    Take::Taken(taken) => Ok(Some(taken)),
                    Take::Broken(reason) => Err(broken(&self.pool.name, &reason)),
                    Take::Busy => Ok(None),
                };
            }
            if !dir.is_current() {
                return Ok(None);
            }
        }
    }

    fn wait_in_kernel(
        &self,
        name: &str,
        file: OpenFile,
        access: Access,
        wake: &Arc<Option<Wake>>,
        wait: &mut Wait<'_>,
    ) -> Result<Locked> {
        let path = self.dir.names.path().join(files::lock(name));
        let queued = Queued::join(file, access, poke(wake));
        wait.for_lock(
            &queued.map_err(|error| unusable(&path, error))?,
            &self.dir,
            &path,
        )
    }
}

/// While this lives, the head of the queue leaves the name to us.
struct Reservation {
    lock: Option<Locked>,
    wake: Arc<Option<Wake>>,
}

impl Drop for Reservation {
    fn drop(&mut self) {
        // Unlock before waking: the head that wakes must find it gone.
        drop(self.lock.take());
        if let Some(wake) = &*self.wake {
            wake.poke();
        }
    }
}

/// Given up, a lock may still be granted for a moment, in which the head finds the
/// name taken: it must look again after that.
fn poke(wake: &Arc<Option<Wake>>) -> Box<dyn FnOnce() + Send> {
    let wake = wake.clone();
    Box::new(move || {
        if let Some(wake) = &*wake {
            wake.poke();
        }
    })
}
