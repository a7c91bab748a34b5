use std::fs::{self, File};
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU32;

use rustix::fs::{AtFlags, CWD, FlockOperation, Mode, OFlags};
use rustix::fs::{flock, fstat, openat, statat};
use rustix::io::write;
use rustix::process::getpid;
use rustix::thread::futex;
use vmap::MapMut;
use zerocopy::FromBytes;

use crate::body;
use crate::lock::Lock;
use crate::result::Result;

/// The system calls of an uncontended acquire and release of name-manager, of the
/// same files and sizes, and nothing else: what it could take at best.
pub struct Calls {
    path: PathBuf,
    names: OwnedFd,
    queue: File,
    waiters: File,
    lock: File,
    record: File,
    journal: File,
    bell: MapMut,
}

const RECORD: usize = 512;
const LINE: usize = 330;

impl Calls {
    pub fn open(state: &Path) -> Result<Self> {
        // As deep as the real ones: a path takes longer the more parts it has.
        let path = state.join("pools/calls");
        let names = path.join("names");
        fs::create_dir_all(&names)?;
        let open = |path: PathBuf| {
            let mut options = File::options();
            options.read(true).write(true).create(true).truncate(false);
            options.open(path)
        };
        let record = open(names.join("calls-0.json"))?;
        record.write_all_at(&[b' '; RECORD], 0)?;
        let journal = path.join("journal.jsonl");
        let lock = open(names.join("calls-0.lock"))?;
        let names = openat(
            CWD,
            &names,
            OFlags::RDONLY | OFlags::DIRECTORY,
            Mode::empty(),
        )?;
        let (bell, _file) = MapMut::with_options()
            .create(true)
            .resize(4096)
            .open(path.join("bell"))?;
        Ok(Self {
            queue: open(path.join("queue.lock"))?,
            waiters: open(path.join("waiters.lock"))?,
            journal: File::options().append(true).create(true).open(journal)?,
            path,
            names,
            lock,
            record,
            bell,
        })
    }
}

impl Lock for Calls {
    fn exclusive(&mut self) -> Result<()> {
        let (nofollow, take) = (
            AtFlags::SYMLINK_NOFOLLOW,
            FlockOperation::NonBlockingLockExclusive,
        );
        // Not in the process that made the pool, or the lease: a forked one.
        let _ = getpid();
        let _ = getpid();
        flock(&self.queue, take)?;
        // Whether anybody waits.
        flock(&self.waiters, take)?;
        flock(&self.waiters, FlockOperation::Unlock)?;
        // Whether the paths still name what is locked.
        statat(CWD, self.path.join("queue.lock"), nofollow)?;
        flock(&self.lock, take)?;
        statat(&self.names, "calls-0.lock", nofollow)?;
        fstat(&self.record)?;
        self.record.read_at(&mut [0; 2 * RECORD], 0)?;
        self.record.write_at(&[b' '; RECORD], 0)?;
        write(&self.journal, &[b'\n'; LINE])?;
        flock(&self.queue, FlockOperation::Unlock)?;

        body::run();

        let _ = getpid();
        statat(CWD, self.path.join("names/calls-0.lock"), nofollow)?;
        write(&self.journal, &[b'\n'; LINE])?;
        self.record.write_at(&[b' '; RECORD], 0)?;
        flock(&self.lock, FlockOperation::Unlock)?;
        let word = AtomicU32::mut_from_bytes(&mut self.bell[..4]);
        let word = &*word.map_err(|_| "the mapping is not aligned")?;
        futex::wake(word, futex::Flags::empty(), 1)?;
        Ok(())
    }

    fn shared(&mut self) -> Result<()> {
        Err("only the calls of an exclusive lease are made".into())
    }
}
