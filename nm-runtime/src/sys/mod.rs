//! What differs between operating systems, behind the same few names.

mod budget;
mod open_file;
mod read;
mod spare;

pub(crate) use open_file::OpenFile;
pub(crate) use read::{list, read_regular};

#[cfg(unix)]
mod unix;
#[cfg(all(unix, feature = "tools"))]
pub(crate) use unix::file_id;
#[cfg(unix)]
pub(crate) use unix::{
    Dir, Wake, WakeSet, close_stdout, descriptor_limit, detach, is_alive, is_current_user,
    is_descriptor_shortage, open_regular, parent_id, path_names, read_at, regular, still_linked,
    wait_for_exit, write_at_start, write_private,
};

#[cfg(not(unix))]
mod other;
#[cfg(all(not(unix), feature = "tools"))]
pub(crate) use other::file_id;
#[cfg(not(unix))]
pub(crate) use other::{
    Dir, Wake, WakeSet, close_stdout, descriptor_limit, detach, is_alive, is_current_user,
    is_descriptor_shortage, open_regular, parent_id, path_names, read_at, regular, still_linked,
    wait_for_exit, write_at_start, write_private,
};

/// Tells a file from all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct FileId {
    /// Major and minor.
    pub(crate) device: (u32, u32),
    pub(crate) inode: u64,
}
