use std::collections::HashSet;
use std::fs;
use std::path::Path;

/// The kernel's own list of file locks, where there is one to read (Linux): also shows
/// names that are held although no record says so yet, or none that can be read.
#[derive(Debug, Default)]
pub(crate) struct Locks {
    files: HashSet<nm_os::FileId>,
    /// Of these, the ones that are not shared.
    alone: HashSet<nm_os::FileId>,
}

impl Locks {
    /// The locks at this moment; none if the system does not list them.
    pub(crate) fn now() -> Self {
        // UTF-8 in every known kernel.
        let text = fs::read_to_string("/proc/locks").unwrap_or_default();
        Self::parse(&text)
    }

    /// Lines like `1: FLOCK  ADVISORY  WRITE 708 08:01:1234 0 EOF`, and with `->`
    /// after the number for a lock that is still waited for.
    fn parse(text: &str) -> Self {
        let held = text.lines().filter_map(|line| {
            let mut words = line.split_ascii_whitespace().skip(1);
            if words.next()? != "FLOCK" {
                return None;
            }
            let alone = words.nth(1)? == "WRITE";
            let mut id = words.nth(1)?.split(':');
            let mut hex = || u32::from_str_radix(id.next()?, 16).ok();
            let device = nm_os::device(hex()?, hex()?);
            let inode = id.next()?.parse().ok()?;
            Some((nm_os::FileId { device, inode }, alone))
        });
        let mut locks = Self::default();
        for (file, alone) in held {
            if alone {
                locks.alone.insert(file);
            }
            locks.files.insert(file);
        }
        locks
    }

    /// Whether this file is locked. What is not listed may be locked nevertheless: locks
    /// of other containers are not in the list, and some file systems have another number
    /// in it than in their files.
    pub(crate) fn has(&self, path: &Path) -> bool {
        nm_os::file_id(path).is_some_and(|id| self.files.contains(&id))
    }

    /// Whether it is locked, and not shared.
    pub(crate) fn has_alone(&self, path: &Path) -> bool {
        nm_os::file_id(path).is_some_and(|id| self.alone.contains(&id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_that_is_waited_for_is_not_a_second_one_and_one_that_is_shared_is_not_alone() {
        let locks = Locks::parse(
            "1: FLOCK  ADVISORY  WRITE 708 08:1f:42 0 EOF\n\
             1: -> FLOCK  ADVISORY  WRITE 709 08:1f:43 0 EOF\n\
             2: POSIX  ADVISORY  READ 5 08:1f:44 0 EOF\n\
             3: FLOCK  ADVISORY  READ 5 08:1f:45 0 EOF\n\
             garbage\n",
        );
        let id = |inode| nm_os::FileId {
            device: nm_os::device(8, 0x1f),
            inode,
        };
        assert_eq!(locks.files, [id(42), id(45)].into());
        assert_eq!(locks.alone, [id(42)].into());
    }
}
