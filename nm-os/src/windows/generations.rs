//! A count that processes share, and events that tell of its changes: what a pool's bell is
//! here.

use std::io;
use std::num::NonZeroUsize;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use windows_sys::Win32::Foundation::INVALID_HANDLE_VALUE;
use windows_sys::Win32::System::Memory::{
    CreateFileMappingW, FILE_MAP_READ, FILE_MAP_WRITE, MEMORY_MAPPED_VIEW_ADDRESS, MapViewOfFile,
    PAGE_READWRITE, UnmapViewOfFile,
};

use super::dir::Dir;
use super::{wait, wide};

/// Each count is a generation, and the end of a generation sets its event: so all wake who
/// wait for that, and nobody else does. An event serves a later generation again; it is
/// reset two generations before.
///
/// All of it goes when no process has it open any more.
///
/// One that is killed after it has counted, and before it has set the event, wakes nobody;
/// nor does one that was as slow as all of two generations reset an event in vain. So who
/// waits looks again once in a while.
#[derive(Debug)]
pub(crate) struct Generations {
    count: Count,
    over: [OwnedHandle; 4],
}

impl Generations {
    /// The ones with this name, for this directory. The names are those of one session of a
    /// user alone.
    pub(crate) fn open(dir: &Dir, name: &str) -> io::Result<Self> {
        let id = dir.id();
        let name = format!(r"Local\name-manager-{:x}-{:x}-{name}", id.device, id.inode);
        let event = |number| wait::event(Some(&format!("{name}-{number}")));
        Ok(Self {
            count: Count::open(&name)?,
            over: [event(0)?, event(1)?, event(2)?, event(3)?],
        })
    }

    pub(crate) fn count(&self) -> u32 {
        self.count.get().load(Ordering::SeqCst)
    }

    /// Ends the generation: all waits for that.
    pub(crate) fn end(&self) {
        let ended = self.count.get().fetch_add(1, Ordering::SeqCst);
        wait::reset(self.event(ended.wrapping_add(2)));
        wait::set(self.event(ended));
    }

    /// Blocks until this generation has ended, at most so long; true if it has. It may be
    /// true too early.
    pub(crate) fn wait_while(&self, generation: u32, timeout: Duration) -> io::Result<bool> {
        if self.count() != generation {
            return Ok(true);
        }
        let event = self.event(generation);
        if wait::for_any([event], Some(timeout))?.is_none() {
            return Ok(self.count() != generation);
        }
        if self.count() == generation {
            // Set too late, by one that ended an earlier generation. Who waits is awake.
            wait::reset(event);
        }
        Ok(true)
    }

    fn event(&self, generation: u32) -> &OwnedHandle {
        &self.over[generation as usize % self.over.len()]
    }
}

/// A number in memory that processes share.
#[derive(Debug)]
struct Count {
    /// Where it is mapped, which nothing but [`Count::drop`] ends.
    address: NonZeroUsize,
    _section: OwnedHandle,
}

impl Count {
    fn open(name: &str) -> io::Result<Self> {
        let name = wide::text(name);
        // SAFETY: `name` ends with a NUL and lives until the call is over.
        let section = unsafe {
            CreateFileMappingW(
                INVALID_HANDLE_VALUE,
                ptr::null(),
                PAGE_READWRITE,
                0,
                size_of::<AtomicU32>() as u32,
                name.as_ptr(),
            )
        };
        if section.is_null() {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: just opened, so nothing else owns it.
        let section = unsafe { OwnedHandle::from_raw_handle(section) };
        let access = FILE_MAP_READ | FILE_MAP_WRITE;
        // SAFETY: a new mapping, which replaces none.
        let view = unsafe { MapViewOfFile(section.as_raw_handle(), access, 0, 0, 0) };
        let address = NonZeroUsize::new(view.Value as usize);
        Ok(Self {
            address: address.ok_or_else(io::Error::last_os_error)?,
            _section: section,
        })
    }

    fn get(&self) -> &AtomicU32 {
        // SAFETY: mapped as long as `self` lives, a page and so aligned, and at first zero.
        // All processes access it as an atomic number.
        unsafe { &*(self.address.get() as *const AtomicU32) }
    }
}

impl Drop for Count {
    fn drop(&mut self) {
        let view = MEMORY_MAPPED_VIEW_ADDRESS {
            Value: self.address.get() as *mut _,
        };
        // SAFETY: the mapping is ours, and nothing refers to it.
        unsafe { UnmapViewOfFile(view) };
    }
}
