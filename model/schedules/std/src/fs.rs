//! Files that can be locked. Each open one is another (an open file description),
//! and the first request after the lock is free gets it.

use shuttle::sync::{Arc, Condvar, Mutex};

/// An open file.
#[derive(Debug)]
pub struct File {
    inode: Arc<Inode>,
    holds: Option<bool>,
}

#[derive(Debug, Default)]
struct Inode {
    lock: Mutex<Lock>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Lock {
    alone: bool,
    shared: usize,
}

impl Default for File {
    fn default() -> Self {
        Self::new()
    }
}

impl File {
    /// A new file.
    pub fn new() -> Self {
        Self {
            inode: Arc::default(),
            holds: None,
        }
    }

    /// Opens the same file once more.
    pub fn open_again(&self) -> Self {
        Self {
            inode: self.inode.clone(),
            holds: None,
        }
    }

    /// As `flock`, blocking or not; whether it was granted.
    pub fn flock(&mut self, alone: bool, block: bool) -> bool {
        let mut lock = self.inode.lock.lock().unwrap();
        while lock.alone || (alone && lock.shared > 0) {
            if !block {
                return false;
            }
            lock = self.inode.changed.wait(lock).unwrap();
        }
        match alone {
            true => lock.alone = true,
            false => lock.shared += 1,
        }
        self.holds = Some(alone);
        true
    }

    /// As `flock` with `LOCK_UN`.
    pub fn funlock(&mut self) {
        let Some(alone) = self.holds.take() else {
            return;
        };
        let mut lock = self.inode.lock.lock().unwrap();
        match alone {
            true => lock.alone = false,
            false => lock.shared -= 1,
        }
        self.inode.changed.notify_all();
    }
}

impl Drop for File {
    fn drop(&mut self) {
        self.funlock();
    }
}
