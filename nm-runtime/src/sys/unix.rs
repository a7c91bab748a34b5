use std::fs::{DirBuilder, File};
use std::io::{self, Write as _};
use std::os::fd::{AsFd, OwnedFd, RawFd};
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, fstat, openat, statat};
use rustix::io::{Errno, read, retry_on_intr, write};

use super::budget::POLLED;
use super::spare::Spares;

const DIRECTORY_MODE: u32 = 0o700;
const FILE_MODE: Mode = Mode::RUSR.union(Mode::WUSR);
/// The same, as `std` counts it on every system.
const FILE_BITS: u32 = 0o600;

/// An open directory: files in it are opened relative to it, which is quicker
/// than by their whole path and cannot be led elsewhere by a renamed parent.
#[derive(Debug)]
pub(crate) struct Dir {
    fd: OwnedFd,
    path: PathBuf,
    spares: Spares,
}

impl Dir {
    /// Opens the directory, making it and its parents (mode 0700) where missing.
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        match Self::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                DirBuilder::new()
                    .recursive(true)
                    .mode(DIRECTORY_MODE)
                    .create(path)?;
                Self::open(path)
            }
            done => done,
        }
    }

    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self {
            fd: retry_on_intr(|| openat(CWD, path, flags, Mode::empty()))?,
            path: path.to_owned(),
            spares: Spares::default(),
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Opens a file in this directory for reading and writing, making it where
    /// missing. Never follows a symbolic link, never blocks on a FIFO or device,
    /// and refuses whatever is not a regular file.
    ///
    /// May be one that was [kept](Dir::keep), and removed from the directory since.
    pub(crate) fn file(&self, name: &str) -> io::Result<File> {
        match self.spares.take(name) {
            Some(file) => Ok(file),
            None => self.open_with(name, OFlags::RDWR | OFlags::CREATE),
        }
    }

    /// Keeps an open file, unlocked, for the next who opens it.
    pub(crate) fn keep(&self, name: &str, file: Option<File>) {
        if let Some(file) = file {
            self.spares.keep(name, file);
        }
    }

    /// Like [`Dir::file`], but each write goes to the end.
    pub(crate) fn append(&self, name: &str) -> io::Result<File> {
        self.open_with(name, OFlags::WRONLY | OFlags::CREATE | OFlags::APPEND)
    }

    /// Opens a file for reading and writing if it is there.
    pub(crate) fn existing(&self, name: &str) -> io::Result<Option<File>> {
        match self.open_with(name, OFlags::RDWR) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            done => done.map(Some),
        }
    }

    fn open_with(&self, name: &str, flags: OFlags) -> io::Result<File> {
        let flags = flags | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let fd = match retry_on_intr(|| openat(&self.fd, name, flags, FILE_MODE)) {
            Err(error) => return Err(self.not_opened(name, error, REGULAR)),
            Ok(fd) => fd,
        };
        match FileType::from_raw_mode(fstat(&fd)?.st_mode) {
            FileType::RegularFile => Ok(File::from(fd)),
            kind => Err(unexpected(kind, REGULAR)),
        }
    }

    /// What stands in the way says more than why it cannot be opened.
    fn not_opened(&self, name: &str, error: Errno, expected: &str) -> io::Error {
        let kind = || {
            let found = statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW).ok()?;
            Some(FileType::from_raw_mode(found.st_mode))
        };
        match error {
            Errno::LOOP | Errno::ISDIR | Errno::NXIO => {
                kind().map_or_else(|| error.into(), |kind| unexpected(kind, expected))
            }
            error => error.into(),
        }
    }

    /// Whether the path of `name` still names the file that `file` has open.
    pub(crate) fn names(&self, name: &str, file: &File) -> io::Result<bool> {
        is_at(CWD, &self.path.join(name), AtFlags::SYMLINK_NOFOLLOW, file)
    }

    /// Whether `name`, in this directory wherever it is now, still names the file
    /// that `file` has open.
    pub(crate) fn has(&self, name: &str, file: &File) -> io::Result<bool> {
        is_at(&self.fd, Path::new(name), AtFlags::SYMLINK_NOFOLLOW, file)
    }

    /// Whether the directory's path still names it, rather than nothing or another.
    pub(crate) fn is_current(&self) -> io::Result<bool> {
        is_at(CWD, &self.path, AtFlags::empty(), &self.fd)
    }
}

const REGULAR: &str = "a regular file";

fn unexpected(kind: FileType, expected: &str) -> io::Error {
    let kind = match kind {
        FileType::Symlink => "a symbolic link",
        FileType::Directory => "a directory",
        FileType::Fifo => "a FIFO",
        FileType::Socket => "a socket",
        FileType::CharacterDevice | FileType::BlockDevice => "a device",
        _ => "something else",
    };
    io::Error::other(format!(
        "found {kind} where {expected} was expected; remove it"
    ))
}

fn is_at(dir: impl AsFd, path: &Path, flags: AtFlags, open: impl AsFd) -> io::Result<bool> {
    let found = match statat(dir, path, flags) {
        Err(Errno::NOENT | Errno::NOTDIR) => return Ok(false),
        found => found?,
    };
    let open = fstat(open)?;
    Ok((found.st_dev, found.st_ino) == (open.st_dev, open.st_ino))
}

/// Opens a regular file for reading, and nothing else.
pub(crate) fn open_regular(path: &Path) -> io::Result<File> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let mut options = File::options();
    let options = options.read(true).custom_flags(flags.bits() as _);
    let file = options.open(path).map_err(|error| {
        match Errno::from_io_error(&error) {
            Some(Errno::LOOP) => unexpected(FileType::Symlink, REGULAR),
            // A socket.
            Some(Errno::NXIO) => unexpected(FileType::Socket, REGULAR),
            _ => error,
        }
    })?;
    match FileType::from_raw_mode(fstat(&file)?.st_mode) {
        FileType::RegularFile => Ok(file),
        kind => Err(unexpected(kind, REGULAR)),
    }
}

/// Reads what is at this offset, with one call.
pub(crate) fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    loop {
        match file.read_at(buffer, offset) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}

/// Writes over what is at the beginning.
pub(crate) fn write_at_start(file: &File, bytes: &[u8]) -> io::Result<()> {
    file.write_all_at(bytes, 0)
}

/// Whether a file that is open here still stands in some directory.
pub(crate) fn still_linked(file: &File) -> io::Result<bool> {
    Ok(fstat(file)?.st_nlink > 0)
}

/// Whether the path belongs to the user who runs this process: what it names,
/// and a symbolic link on the way to that, which root may have put there, too.
pub(crate) fn is_current_user(path: &Path) -> io::Result<bool> {
    let user = rustix::process::geteuid().as_raw();
    let found = path.symlink_metadata()?;
    if found.is_symlink() {
        return Ok([user, 0].contains(&found.uid()) && path.metadata()?.uid() == user);
    }
    Ok(found.uid() == user)
}

#[cfg(feature = "tools")]
/// Tells a file from all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct FileId {
    /// Major and minor.
    pub(crate) device: (u32, u32),
    pub(crate) inode: u64,
}

#[cfg(feature = "tools")]
/// The file that a path names; nothing when there is none.
pub(crate) fn file_id(path: &Path) -> Option<FileId> {
    let metadata = path.symlink_metadata().ok()?;
    let device = metadata.dev() as _;
    Some(FileId {
        device: (rustix::fs::major(device), rustix::fs::minor(device)),
        inode: metadata.ino(),
    })
}

/// Whether the path names the file that `file` has open.
pub(crate) fn path_names(path: &Path, file: &File) -> bool {
    is_at(CWD, path, AtFlags::empty(), file).unwrap_or(false)
}

/// A holder's end of a name's FIFO. While it is open nobody polling the FIFO
/// sees it hang up; when the holder ends, however it ends, the kernel closes it.
#[derive(Debug)]
pub(crate) struct Wake(OwnedFd);

impl Wake {
    /// Opens the FIFO, making it where missing. `None` where this system has none.
    pub(crate) fn open(dir: &Dir, name: &str) -> io::Result<Option<Self>> {
        // Read and write: opening for writing alone fails while nobody reads.
        Ok(open_fifo(dir, name, OFlags::RDWR)?.map(Self))
    }

    /// Wakes whoever polls the FIFO. Closing alone would do, but for a process
    /// that was forked off and still has it open.
    pub(crate) fn poke(&self) {
        // A full FIFO is as good as one byte more, and nothing else can be done
        // about any other failure than what closing does anyway.
        let _ = write(&self.0, &[0]);
    }
}

/// What the head of a queue polls while it waits: the FIFOs of the names it wants.
#[derive(Debug)]
pub(crate) struct WakeSet<'a> {
    dir: &'a Dir,
    readers: Vec<Reader<'a>>,
    complete: bool,
}

#[derive(Debug)]
struct Reader<'a> {
    fd: OwnedFd,
    name: &'a str,
    /// How often the name was looked at since the FIFO hung up.
    hung_up: u32,
}

impl<'a> WakeSet<'a> {
    /// How many FIFOs one head polls at most; names beyond are looked at now and then.
    const MOST: usize = 64;

    /// Opens the FIFOs. Look at the locks once more after this and before
    /// [`WakeSet::wait`]: what was released in between woke nobody.
    pub(crate) fn open(dir: &'a Dir, names: impl Iterator<Item = &'a str>) -> io::Result<Self> {
        let mut set = Self {
            dir,
            readers: Vec::new(),
            complete: true,
        };
        for name in names {
            if set.readers.len() == Self::MOST || !POLLED.take() {
                set.complete = false;
                break;
            }
            set.add(name, 1)?;
        }
        Ok(set)
    }

    /// `looks` is where to go on if nobody has the other end open: a dead holder's
    /// may have closed before we opened ours, and its lock be closed only later.
    /// `poll` would never tell.
    fn add(&mut self, name: &'a str, looks: u32) -> io::Result<()> {
        let reader = match open_fifo(self.dir, name, OFlags::RDONLY) {
            Err(error) if is_descriptor_shortage(&error) => None,
            opened => opened?,
        };
        match reader {
            // Anything else put in its place would be ready for ever.
            Some(fd) if is_fifo(&fd)? => self.readers.push(Reader {
                hung_up: if has_no_writer(&fd) { looks } else { 0 },
                fd,
                name,
            }),
            _ => {
                POLLED.give_back(1);
                self.complete = false;
            }
        }
        Ok(())
    }

    /// Whether every name wakes its waiters; otherwise they must look again by themselves.
    pub(crate) fn is_complete(&self) -> bool {
        self.complete
    }

    /// Blocks until a name may have been released, or the time is over.
    pub(crate) fn wait(&mut self, timeout: Duration) -> io::Result<()> {
        let timeout = self
            .look_again_at_hung_up()?
            .unwrap_or(timeout)
            .min(timeout);
        let timeout = Timespec {
            tv_sec: timeout.as_secs() as _,
            tv_nsec: timeout.subsec_nanos() as _,
        };
        let mut quiet: Vec<_> = self.readers.iter_mut().collect();
        quiet.retain(|reader| reader.hung_up == 0);
        let mut polled: Vec<PollFd<'_>> = quiet
            .iter()
            .map(|reader| PollFd::new(&reader.fd, PollFlags::IN))
            .collect();
        match poll(&mut polled, Some(&timeout)) {
            Ok(0) | Err(Errno::INTR) => return Ok(()),
            result => result?,
        };
        let events: Vec<_> = polled.iter().map(PollFd::revents).collect();
        for (reader, events) in quiet.into_iter().zip(events) {
            // Only the head of the queue reads, so no byte is taken from another waiter.
            if events.contains(PollFlags::IN) {
                let mut bytes = [0; 64];
                let _ = read(&reader.fd, &mut bytes);
            } else if !events.is_empty() {
                reader.hung_up = 1;
            }
        }
        Ok(())
    }

    /// A FIFO that hung up stays so for its reader, and `poll` would return at once
    /// for ever if the name cannot be had all the same: it is broken, say. But the
    /// kernel closes a dead holder's files in any order, so the lock may be free
    /// only after the FIFO hung up, on a busy machine long after. So the name is looked
    /// at by the clock until somebody has the FIFO open again, which a new reader
    /// finds out. Gives how long until the next look.
    fn look_again_at_hung_up(&mut self) -> io::Result<Option<Duration>> {
        let mut next = None;
        for at in (0..self.readers.len()).rev() {
            let looks = self.readers[at].hung_up;
            if looks > LOOKS {
                let reader = self.readers.swap_remove(at);
                self.add(reader.name, LOOKS)?;
                // What was released before that woke nobody: the last look follows.
                next = Some(Duration::ZERO);
            } else if looks > 0 {
                self.readers[at].hung_up += 1;
                let pause = Duration::from_micros(500) * (1 << looks);
                next = Some(next.map_or(pause, |next: Duration| next.min(pause)));
            }
        }
        Ok(next)
    }
}

/// So often the intervals between looks grow, to an eighth of a second.
const LOOKS: u32 = 8;

impl Drop for WakeSet<'_> {
    fn drop(&mut self) {
        POLLED.give_back(self.readers.len());
    }
}

fn open_fifo(dir: &Dir, name: &str, access: OFlags) -> io::Result<Option<OwnedFd>> {
    let flags = access | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let open = || retry_on_intr(|| openat(&dir.fd, name, flags, Mode::empty()));
    let fd = match open() {
        Err(Errno::NOENT) => match make_fifo(dir, name) {
            Ok(()) | Err(Errno::EXIST) => open()?,
            // A file system without FIFOs: the head looks again by itself.
            Err(Errno::PERM | Errno::NOSYS | Errno::OPNOTSUPP | Errno::NODEV) => return Ok(None),
            Err(error) => return Err(error.into()),
        },
        Err(error) => return Err(dir.not_opened(name, error, "a FIFO")),
        Ok(fd) => fd,
    };
    Ok(Some(fd))
}

/// Whether nobody has the other end of a FIFO open.
fn has_no_writer(fifo: &OwnedFd) -> bool {
    // With a writer and without bytes, this would block.
    read(fifo, &mut [0; 64]) == Ok(0)
}

fn is_fifo(fd: &OwnedFd) -> io::Result<bool> {
    Ok(FileType::from_raw_mode(fstat(fd)?.st_mode) == FileType::Fifo)
}

#[cfg(not(target_vendor = "apple"))]
fn make_fifo(dir: &Dir, name: &str) -> rustix::io::Result<()> {
    rustix::fs::mkfifoat(&dir.fd, name, FILE_MODE)
}

#[cfg(target_vendor = "apple")]
fn make_fifo(_dir: &Dir, _name: &str) -> rustix::io::Result<()> {
    Err(Errno::NOSYS) // rustix has no mkfifo there
}

/// Writes a new file that only this user may read, in place of what is there.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = File::options();
    // A link in its place would lead elsewhere.
    let options = options.write(true).create_new(true).mode(FILE_BITS);
    let mut file = match options.open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            std::fs::remove_file(path)?;
            options.open(path)?
        }
        opened => opened?,
    };
    file.write_all(bytes)
}

/// Whether the process or the system ran out of file descriptors.
pub(crate) fn is_descriptor_shortage(error: &io::Error) -> bool {
    let shortage = [Errno::MFILE, Errno::NFILE].map(|errno| Some(errno.raw_os_error()));
    shortage.contains(&error.raw_os_error())
}

/// How many file descriptors this process may have open.
pub(crate) fn descriptor_limit() -> Option<u64> {
    rustix::process::getrlimit(rustix::process::Resource::Nofile).current
}

/// Whether a process with this id exists. For explanations only: ids are reused.
pub(crate) fn is_alive(pid: u32) -> bool {
    let Some(pid) = i32::try_from(pid)
        .ok()
        .and_then(rustix::process::Pid::from_raw)
    else {
        return false;
    };
    rustix::process::test_kill_process(pid) != Err(Errno::SRCH)
}

/// The id of the process that started this one.
pub(crate) fn parent_id() -> u32 {
    rustix::process::getppid().map_or(0, |pid| pid.as_raw_nonzero().get() as u32)
}

/// Leaves the session of whoever started this process, and closes all that was
/// inherited but the standard streams.
pub(crate) fn detach() -> io::Result<()> {
    rustix::process::setsid()?;
    let inherited: Vec<RawFd> = match std::fs::read_dir("/dev/fd") {
        Ok(entries) => entries
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
            .filter(|fd| *fd > 2)
            .collect(),
        Err(_) => Vec::new(),
    };
    // The one that listed the directory is closed by now.
    let is_open = |fd: &RawFd| {
        Path::new(&format!("/dev/fd/{fd}"))
            .symlink_metadata()
            .is_ok()
    };
    for fd in inherited.into_iter().filter(is_open) {
        // SAFETY: called before `main`, first of all that this process does, so
        // nothing in it owns a descriptor.
        #[allow(
            unsafe_code,
            reason = "descriptors without an owner have no safe close"
        )]
        unsafe {
            rustix::io::close(fd);
        }
    }
    Ok(())
}

/// Closes standard output: whoever reads it sees its end.
pub(crate) fn close_stdout() -> io::Result<()> {
    let null = File::options().write(true).open("/dev/null")?;
    Ok(rustix::stdio::dup2_stdout(null)?)
}

/// Waits until that process has ended. `is_same` tells it from another that has
/// its id by now.
pub(crate) fn wait_for_exit(pid: u32, is_same: impl Fn() -> bool) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    if let Some(id) = i32::try_from(pid)
        .ok()
        .and_then(rustix::process::Pid::from_raw)
    {
        let handle = match rustix::process::pidfd_open(id, rustix::process::PidfdFlags::empty()) {
            Ok(handle) => handle,
            Err(Errno::SRCH) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        // Looked at after it is held: from here on the handle cannot change.
        while is_same() {
            let mut polled = [PollFd::new(&handle, PollFlags::IN)];
            match poll(&mut polled, None) {
                Err(Errno::INTR) => {}
                done => return Ok(done.map(drop)?),
            }
        }
        return Ok(());
    }
    // Without handles of processes: look now and then.
    while is_alive(pid) && is_same() {
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(3600);

    fn by_the_clock<'a>(set: &WakeSet<'a>) -> Vec<&'a str> {
        let hung_up = set.readers.iter().filter(|reader| reader.hung_up > 0);
        hung_up.map(|reader| reader.name).collect()
    }

    #[test]
    fn a_fifo_that_hung_up_before_it_was_opened_is_looked_at_by_the_clock() {
        let path = tempfile::tempdir().unwrap();
        let dir = Dir::open(path.path()).unwrap();
        let holder = Wake::open(&dir, "held").unwrap();
        drop(Wake::open(&dir, "dead").unwrap());
        let mut set = WakeSet::open(&dir, ["held", "dead"].into_iter()).unwrap();
        assert_eq!(by_the_clock(&set), ["dead"]);
        // Each look comes by itself, and there is no last one.
        for _ in 0..2 * LOOKS {
            assert_eq!(by_the_clock(&set), ["dead"]);
            set.wait(LONG).unwrap();
        }
        let next = Wake::open(&dir, "dead").unwrap();
        while !by_the_clock(&set).is_empty() {
            set.wait(LONG).unwrap();
        }
        drop(next);
        set.wait(LONG).unwrap();
        assert_eq!(by_the_clock(&set), ["dead"]);
        drop(holder);
        while by_the_clock(&set).len() < 2 {
            set.wait(LONG).unwrap();
        }
    }
}
