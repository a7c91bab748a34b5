/// Identifies a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FileId {
    /// The file system, as the kernel numbers it.
    pub device: u64,
    /// The file on it.
    pub inode: u64,
}
