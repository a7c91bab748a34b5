use std::fs::File;
use std::io;

use crate::sys::file_id::FileId;

/// An open regular file, and which one it is. That cannot change while it is open:
/// the kernel need not be asked again at each look whether a path still names it.
#[derive(Debug)]
pub(crate) struct OpenFile {
    pub(crate) file: File,
    pub(super) id: FileId,
}

impl OpenFile {
    pub(super) fn new(file: File, id: FileId) -> Self {
        Self { file, id }
    }

    pub(crate) fn try_clone(&self) -> io::Result<Self> {
        Ok(Self {
            file: self.file.try_clone()?,
            id: self.id,
        })
    }
}
