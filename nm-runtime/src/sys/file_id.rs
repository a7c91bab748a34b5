/// Identifies a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct FileId {
    /// Major and minor.
    pub(crate) device: (u32, u32),
    pub(crate) inode: u64,
}
