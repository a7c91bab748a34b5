//! Stands in for the engine's `local/lock.rs`: the kernel's locks are shuttle's here.

use std::fs::File;
use std::io;

use crate::terms::access::Access;

/// Unlocked when it drops, with its file.
#[derive(Debug)]
pub(crate) struct Locked {
    _file: File,
}

impl Locked {
    pub(crate) fn try_lock(mut file: File, access: Access) -> Option<Self> {
        let granted = file.flock(access == Access::Exclusive, false);
        granted.then_some(Self { _file: file })
    }

    pub(crate) fn lock(mut file: File, access: Access) -> io::Result<Self> {
        file.flock(access == Access::Exclusive, true);
        Ok(Self { _file: file })
    }
}
