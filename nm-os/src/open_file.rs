use std::fs::File;
use std::io;

use crate::file_id::FileId;

/// An open regular file, and which one it is. That cannot change while it is open:
/// the kernel need not be asked again at each look whether a path still names it.
#[derive(Debug)]
pub struct OpenFile {
    /// The descriptor, for reading, writing and locking.
    pub file: File,
    pub(super) id: FileId,
}

impl OpenFile {
    pub(super) fn new(file: File, id: FileId) -> Self {
        Self { file, id }
    }

    /// A second descriptor, with the same locks.
    pub fn try_clone(&self) -> io::Result<Self> {
        Ok(Self {
            file: self.file.try_clone()?,
            id: self.id,
        })
    }
}
