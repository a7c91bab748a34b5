//! What the system knows of an open file.

use std::fs::File;
use std::io;
use std::os::windows::io::AsRawHandle;

use windows_sys::Win32::Storage::FileSystem::{
    BY_HANDLE_FILE_INFORMATION, FILE_TYPE_DISK, GetFileInformationByHandle, GetFileType,
};

use crate::file_id::FileId;

/// Which file it is.
pub(super) fn id(file: &File) -> io::Result<FileId> {
    let found = info(file)?;
    Ok(FileId {
        device: found.dwVolumeSerialNumber.into(),
        inode: u64::from(found.nFileIndexHigh) << 32 | u64::from(found.nFileIndexLow),
    })
}

/// In how many directories it is.
pub(super) fn links(file: &File) -> io::Result<u32> {
    Ok(info(file)?.nNumberOfLinks)
}

/// Whether it is on a disk, rather than a device or a pipe.
pub(super) fn is_on_disk(file: &File) -> bool {
    // SAFETY: the handle is open as long as `file` is borrowed.
    unsafe { GetFileType(file.as_raw_handle()) == FILE_TYPE_DISK }
}

fn info(file: &File) -> io::Result<BY_HANDLE_FILE_INFORMATION> {
    let mut found = BY_HANDLE_FILE_INFORMATION::default();
    // SAFETY: the handle is open as long as `file` is borrowed, and `found` is what is
    // written to.
    match unsafe { GetFileInformationByHandle(file.as_raw_handle(), &mut found) } {
        0 => Err(io::Error::last_os_error()),
        _ => Ok(found),
    }
}
