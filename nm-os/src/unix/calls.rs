//! System calls that `std` does not have, and the `unsafe` that they need. rustix has
//! most of them without it, but is a sixth of a user's whole build.

#[cfg(target_os = "linux")]
use std::ffi::{CStr, OsStr};
use std::fs::File;
use std::io;
use std::mem::MaybeUninit;
#[cfg(target_os = "linux")]
use std::os::fd::OwnedFd;
use std::os::fd::{AsRawFd, FromRawFd};
#[cfg(target_os = "linux")]
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
#[cfg(target_os = "linux")]
use std::path::PathBuf;
use std::process::Command;
#[cfg(target_os = "linux")]
use std::time::Duration;

#[cfg(target_os = "linux")]
use libc::pollfd;
use libc::{c_char, c_int, c_uint, mode_t, pid_t};
#[cfg(not(target_os = "linux"))]
use libc::{fstatat, openat};
#[cfg(target_os = "linux")]
use libc::{fstatat64 as fstatat, openat64 as openat}; // for large files

use crate::file_id::FileId;

pub(super) const DIRECTORY_MODE: u32 = 0o700;
pub(super) const FILE_MODE: u32 = 0o600;

/// A name as a call takes it: a string that ends with a zero. It needs no memory of its own,
/// since no name in a directory is longer.
struct Name([u8; Self::LONGEST + 1]);

impl Name {
    const LONGEST: usize = 255;

    fn new(name: &str) -> io::Result<Self> {
        let mut bytes = [0; Self::LONGEST + 1];
        if name.contains('\0') {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        match bytes[..Self::LONGEST].get_mut(..name.len()) {
            Some(room) => room.copy_from_slice(name.as_bytes()),
            None => return Err(io::Error::from_raw_os_error(libc::ENAMETOOLONG)),
        }
        Ok(Self(bytes))
    }

    fn as_ptr(&self) -> *const c_char {
        self.0.as_ptr().cast()
    }
}

/// Opens what an open directory has by this name. A file that is made is this user's alone.
pub(super) fn open_at(dir: &File, name: &str, flags: c_int) -> io::Result<File> {
    let name = Name::new(name)?;
    let (flags, mode) = (flags | libc::O_CLOEXEC, FILE_MODE as c_uint);
    uninterrupted(|| {
        // SAFETY: `name` is a string that lives until the call is done.
        let fd = done(unsafe { openat(dir.as_raw_fd(), name.as_ptr(), flags, mode) })?;
        // SAFETY: just opened, so nothing else owns it.
        Ok(unsafe { File::from_raw_fd(fd) })
    })
}

/// Makes a directory in an open one, which is this user's alone.
pub(super) fn make_dir_at(dir: &File, name: &str) -> io::Result<()> {
    let (name, mode) = (Name::new(name)?, DIRECTORY_MODE as mode_t);
    // SAFETY: `name` is a string that lives until the call is done.
    done(unsafe { libc::mkdirat(dir.as_raw_fd(), name.as_ptr(), mode) }).map(drop)
}

/// What an open directory has by this name, be it a link.
pub(super) fn find_at(dir: &File, name: &str) -> io::Result<FileId> {
    let name = Name::new(name)?;
    let mut found = MaybeUninit::zeroed();
    let (into, flags) = (found.as_mut_ptr(), libc::AT_SYMLINK_NOFOLLOW);
    // SAFETY: `name` is a string, and `found` what is written to; both live until the call is
    // done.
    done(unsafe { fstatat(dir.as_raw_fd(), name.as_ptr(), into, flags) })?;
    // SAFETY: the call has filled it.
    let found = unsafe { found.assume_init() };
    Ok(FileId {
        device: found.st_dev as _,
        inode: found.st_ino as _,
    })
}

/// Calls on this open file block again; it has these flags, and no others.
pub(super) fn block_with(file: &File, flags: c_int) -> io::Result<()> {
    // SAFETY: takes no pointers.
    done(unsafe { libc::fcntl(file.as_raw_fd(), libc::F_SETFL, flags) }).map(drop)
}

/// Locks an open file, or gives its lock back. Not by `std`, which refuses to on systems that it
/// does not list: Android, for one.
pub(super) fn flock(file: &File, how: c_int) -> io::Result<()> {
    // SAFETY: takes no pointers.
    uninterrupted(|| done(unsafe { libc::flock(file.as_raw_fd(), how) }).map(drop))
}

/// From now on the standard output is this.
pub(super) fn replace_output(with: &File) -> io::Result<()> {
    // SAFETY: takes no pointers, and nobody owns the standard output.
    done(unsafe { libc::dup2(with.as_raw_fd(), libc::STDOUT_FILENO) }).map(drop)
}

/// Watches files for writes: readable as soon as there was one.
#[cfg(all(target_os = "linux", any(test, name_manager_strokes)))]
pub(super) fn watch_writes() -> io::Result<OwnedFd> {
    // SAFETY: takes no pointers.
    let fd = done(unsafe { libc::inotify_init1(libc::IN_CLOEXEC | libc::IN_NONBLOCK) })?;
    // SAFETY: just opened, so nothing else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Adds a file to those that are watched.
#[cfg(all(target_os = "linux", any(test, name_manager_strokes)))]
pub(super) fn watch_writes_of(watcher: &OwnedFd, path: &str) -> io::Result<()> {
    let path = Name::new(path)?;
    let (fd, of) = (watcher.as_raw_fd(), libc::IN_MODIFY);
    // SAFETY: `path` is a string that lives until the call is done.
    done(unsafe { libc::inotify_add_watch(fd, path.as_ptr(), of) }).map(drop)
}

/// What a call does that no signal interrupts.
pub(super) fn uninterrupted<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}

/// What polling a descriptor found.
#[cfg(target_os = "linux")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Polled {
    Nothing,
    Readable,
    /// Or broken.
    HungUp,
}

/// Blocks until one of the descriptors is readable or hung up, or the time is over.
/// Also finds nothing if a signal arrives.
#[cfg(target_os = "linux")]
pub(super) fn poll<'a>(
    fds: impl IntoIterator<Item = &'a OwnedFd>,
    timeout: Option<Duration>,
) -> io::Result<Vec<Polled>> {
    let asked = |fd: &OwnedFd| pollfd {
        fd: fd.as_raw_fd(),
        events: libc::POLLIN,
        revents: 0,
    };
    let mut polled: Vec<pollfd> = fds.into_iter().map(asked).collect();
    let timeout = timeout.map_or(-1, milliseconds);
    // SAFETY: `polled` has that many elements, and nothing else uses it meanwhile.
    let found = unsafe { libc::poll(polled.as_mut_ptr(), polled.len() as _, timeout) };
    match done(found) {
        Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
        _ => {}
    }
    // If the call failed, nothing was written.
    let polled = polled.into_iter().map(|fd| match fd.revents {
        0 => Polled::Nothing,
        events if events & libc::POLLIN != 0 => Polled::Readable,
        _ => Polled::HungUp,
    });
    Ok(polled.collect())
}

/// Rounded up: polling for 0 would be a busy loop until the rest of a millisecond is
/// over.
#[cfg(target_os = "linux")]
fn milliseconds(timeout: Duration) -> c_int {
    c_int::try_from(timeout.as_nanos().div_ceil(1_000_000)).unwrap_or(c_int::MAX)
}

/// The first word of a file, which the kernel counts up and on which it lets processes wait:
/// a futex. It is never read or written here: if the file has no such word any more, the
/// calls fail, where an access would end the process.
#[cfg(target_os = "linux")]
#[derive(Debug)]
pub(crate) struct Word {
    /// Of a mapping of this file, which nothing but [`Word::drop`] ends.
    address: std::num::NonZeroUsize,
}

#[cfg(target_os = "linux")]
impl Word {
    const LENGTH: usize = size_of::<u32>();

    /// Fails if the file cannot be mapped, which not all file systems can.
    pub(crate) fn of(file: &std::fs::File) -> io::Result<Self> {
        let access = libc::PROT_READ | libc::PROT_WRITE;
        let (anywhere, fd) = (std::ptr::null_mut(), file.as_raw_fd());
        // SAFETY: a new mapping, which replaces none. No reference into it is ever made.
        let address =
            unsafe { libc::mmap(anywhere, Self::LENGTH, access, libc::MAP_SHARED, fd, 0) };
        match std::num::NonZeroUsize::new(address as usize) {
            Some(address) if address.get() != libc::MAP_FAILED as usize => Ok(Self { address }),
            _ => Err(io::Error::last_os_error()),
        }
    }

    /// Adds one to the word, and wakes all who wait on it. Whether there were any.
    pub(crate) fn count_up_and_wake(&self) -> bool {
        // `FUTEX_OP_ADD` of 1; the comparison that could wake more on the same word is void.
        const ADD_ONE: u32 = 1 << 28 | 1 << 12;
        let (all, none_more) = (c_int::MAX, 0_usize);
        let word = self.address.get();
        // SAFETY: both addresses are the word's. The kernel checks its own access to it.
        let woken = unsafe {
            libc::syscall(
                libc::SYS_futex,
                word,
                libc::FUTEX_WAKE_OP,
                all,
                none_more,
                word,
                ADD_ONE,
            )
        };
        if woken >= 0 {
            return woken > 0;
        }
        // On a full disk nothing may be written: who waits already is woken.
        // SAFETY: as above.
        (unsafe { libc::syscall(libc::SYS_futex, word, libc::FUTEX_WAKE, all) }) > 0
    }

    /// Blocks while the word is this, until it is woken, at most so long. Fails with
    /// `EAGAIN` if it is another, `ETIMEDOUT` if the time is over, and if a signal arrives.
    pub(crate) fn wait_while(&self, count: u32, timeout: Duration) -> io::Result<()> {
        let timeout = libc::timespec {
            tv_sec: timeout.as_secs().try_into().unwrap_or(libc::time_t::MAX),
            tv_nsec: timeout.subsec_nanos() as _,
        };
        let word = self.address.get();
        // SAFETY: the kernel checks its access to the word, and `timeout` lives until it is
        // done.
        let waited = unsafe {
            libc::syscall(
                libc::SYS_futex,
                word,
                libc::FUTEX_WAIT,
                count,
                &raw const timeout,
            )
        };
        done(waited as c_int).map(drop)
    }
}

#[cfg(target_os = "linux")]
impl Drop for Word {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours, and nothing refers to it.
        unsafe { libc::munmap(self.address.get() as *mut _, Self::LENGTH) };
    }
}

/// Fails with `ESRCH` if no process has this id.
pub(super) fn find_process(pid: u32) -> io::Result<()> {
    let pid = one_process(pid)?;
    // SAFETY: takes no pointers. The signal 0 is not sent.
    done(unsafe { libc::kill(pid, 0) }).map(drop)
}

/// A descriptor that is readable once the process has ended. Fails with `ESRCH`
/// if no process has this id.
#[cfg(target_os = "linux")]
pub(super) fn open_process(pid: u32) -> io::Result<OwnedFd> {
    let pid = one_process(pid)?;
    let no_flags: libc::c_uint = 0;
    // SAFETY: takes no pointers.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, no_flags) };
    let fd = done(fd as c_int)?;
    // SAFETY: just opened, so nothing else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// How a process has ended that nobody waits for any more, as `wait` would tell it;
/// `None` if its parent has yet to wait for it, or the kernel does not tell
/// (Linux 6.15 does).
#[cfg(all(target_os = "linux", feature = "tools"))]
pub fn exit_status(process: std::os::fd::BorrowedFd<'_>) -> Option<i32> {
    /// `struct pidfd_info` as Linux 6.13 has it. Later ones are longer: the kernel fills
    /// as much as it is asked for.
    #[repr(C)]
    #[derive(Default)]
    struct Info {
        mask: u64,
        cgroup: u64,
        ids: [u32; 11],
        exit_code: i32,
    }
    const INFO_EXIT: u64 = 1 << 3;
    // `_IOWR(0xFF, 11, struct pidfd_info)`
    const GET_INFO: u32 = 0xC000_FF0B | ((size_of::<Info>() as u32) << 16);
    let mut info = Info {
        mask: INFO_EXIT,
        ..Info::default()
    };
    // SAFETY: `info` is what is written to, as long as the request says that it is.
    let asked = unsafe { libc::ioctl(process.as_raw_fd(), GET_INFO as _, &mut info) };
    done(asked).ok()?;
    (info.mask & INFO_EXIT != 0).then_some(info.exit_code)
}

/// The kernel takes 0 and negative ids for groups of processes.
fn one_process(pid: u32) -> io::Result<pid_t> {
    match pid_t::try_from(pid) {
        Ok(pid @ 1..) => Ok(pid),
        _ => Err(io::Error::from_raw_os_error(libc::ESRCH)),
    }
}

/// Has this called when the process exits, rather than is killed. False if it will not be.
pub fn at_exit(last: extern "C" fn()) -> bool {
    // SAFETY: the function is there as long as the program.
    unsafe { libc::atexit(last) == 0 }
}

/// The user whose rights this process has.
pub(super) fn effective_user() -> u32 {
    // SAFETY: takes nothing and cannot fail.
    unsafe { libc::geteuid() }
}

/// How many file descriptors this process may have open; `None` if any number.
pub(crate) fn descriptor_limit() -> Option<u64> {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: `limit` is what is written to.
    done(unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) }).ok()?;
    (limit.rlim_cur != libc::RLIM_INFINITY).then_some(limit.rlim_cur as _)
}

/// Makes this process the leader of a new session.
pub(super) fn new_session() -> io::Result<()> {
    // SAFETY: takes nothing, and touches no memory.
    done(unsafe { libc::setsid() }).map(drop)
}

/// What this starts leads a session of its own, without a terminal. On Linux it is killed
/// when the thread that starts it ends.
pub(super) fn lead_session(command: &mut Command) {
    #[cfg(target_os = "linux")]
    let parent = std::process::id();
    let lead = move || {
        new_session()?;
        #[cfg(target_os = "linux")]
        {
            // SAFETY: takes no pointers.
            done(unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) })?;
            // SAFETY: takes nothing and cannot fail.
            if unsafe { libc::getppid() } as u32 != parent {
                return Err(io::Error::from_raw_os_error(libc::ESRCH));
            }
        }
        Ok(())
    };
    // SAFETY: between fork and exec it makes system calls alone: it allocates nothing, and
    // takes no lock that another thread could have had at the fork.
    unsafe { command.pre_exec(lead) };
}

/// Children that have ended can be waited for. If who started this program ignored their
/// signal, so would this, and the kernel would forget them.
pub fn keep_ended_children() {
    // SAFETY: sets no handler of ours.
    unsafe { libc::signal(libc::SIGCHLD, libc::SIG_DFL) };
}

/// Blocks until this child has ended, which keeps its id until it is waited for.
pub(super) fn wait_for_end(child: u32) -> io::Result<()> {
    uninterrupted(|| {
        let mut told = MaybeUninit::<libc::siginfo_t>::zeroed();
        let options = libc::WEXITED | libc::WNOWAIT;
        // SAFETY: `told` is what is written to.
        let waited = unsafe { libc::waitid(libc::P_PID, child as _, told.as_mut_ptr(), options) };
        done(waited).map(drop)
    })
}

/// Sends a signal to all processes of a group.
pub(super) fn signal_group(leader: u32, signal: c_int) -> io::Result<()> {
    let leader = one_process(leader)?;
    // SAFETY: takes no pointers.
    done(unsafe { libc::kill(-leader, signal) }).map(drop)
}

/// The result of a call, or its error.
fn done(result: c_int) -> io::Result<c_int> {
    match result {
        -1 => Err(io::Error::last_os_error()),
        result => Ok(result),
    }
}

/// The path by which this program was started.
#[cfg(target_os = "linux")]
pub(super) fn executed() -> Option<PathBuf> {
    // SAFETY: takes no pointer.
    let path = unsafe { libc::getauxval(libc::AT_EXECFN) } as *const libc::c_char;
    if path.is_null() {
        return None;
    }
    // SAFETY: the kernel has put a string there, which nobody changes as long as the process
    // lives.
    let path = unsafe { CStr::from_ptr(path) };
    Some(PathBuf::from(OsStr::from_bytes(path.to_bytes())))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::io::Write;
    use std::os::unix::fs::MetadataExt;
    use std::process::{Command, Stdio};
    use std::thread;

    use super::*;

    const LONG: Option<Duration> = Some(Duration::from_secs(3600));
    const SHORT: Option<Duration> = Some(Duration::from_micros(1));

    #[test]
    fn poll_tells_what_was_found_where() {
        let [(first, mut bytes), (second, end), (third, _quiet)] = [(), (), ()].map(|()| {
            let (reader, writer) = io::pipe().unwrap();
            (OwnedFd::from(reader), writer)
        });
        let fds = [&first, &second, &third];
        assert_eq!(poll(fds, SHORT).unwrap(), [Polled::Nothing; 3]);
        let writing = thread::spawn(move || bytes.write_all(b"1").map(|()| bytes));
        assert_eq!(
            poll(fds, LONG).unwrap(),
            [Polled::Readable, Polled::Nothing, Polled::Nothing]
        );
        drop(end);
        assert_eq!(
            poll([&second, &third], None).unwrap(),
            [Polled::HungUp, Polled::Nothing]
        );
        // Its last byte comes before its end.
        drop(writing.join().unwrap().unwrap());
        assert_eq!(poll([&first], None).unwrap(), [Polled::Readable]);
    }

    #[test]
    fn a_name_that_no_file_can_have_is_refused_as_a_path_is() {
        let dir = tempfile::tempdir().unwrap();
        let open = File::open(dir.path()).unwrap();
        for name in ["a".repeat(256), "a".repeat(1000), "a\0b".to_owned()] {
            let refused = open_at(&open, &name, libc::O_RDONLY).unwrap_err();
            let expected = File::open(dir.path().join(&name)).unwrap_err();
            assert_eq!(refused.kind(), expected.kind(), "{name}");
            assert_eq!(refused.raw_os_error(), expected.raw_os_error(), "{name}");
        }
        let longest = "a".repeat(255);
        open_at(&open, &longest, libc::O_RDWR | libc::O_CREAT).unwrap();
        find_at(&open, &longest).unwrap();
    }

    #[test]
    fn a_part_of_a_millisecond_is_waited_for_as_a_whole_one() {
        let of = |nanos| milliseconds(Duration::from_nanos(nanos));
        let nanos = [0, 1, 999_999, 1_000_000, 1_000_001, 5_000_000_000];
        assert_eq!(nanos.map(of), [0, 1, 1, 1, 2, 5000]);
        assert_eq!(milliseconds(Duration::MAX), c_int::MAX);
    }

    #[test]
    fn an_ended_process_is_not_found() {
        let mut child = Command::new("cat")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        find_process(child.id()).unwrap();
        child.wait().unwrap();
        assert!(is_missing(find_process(child.id())));
    }

    #[test]
    fn what_kill_takes_for_many_is_no_process() {
        find_process(std::process::id()).unwrap();
        // This group, and all that there are.
        for many in [0, -1] {
            assert!(is_missing(find_process(many as u32)), "{many}");
            #[cfg(target_os = "linux")]
            assert!(is_missing(open_process(many as u32)), "{many}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_process_becomes_readable_when_it_ends() {
        let mut child = Command::new("cat")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let process = open_process(child.id()).unwrap();
        assert_eq!(poll([&process], SHORT).unwrap(), [Polled::Nothing]);
        drop(child.stdin.take());
        assert_eq!(poll([&process], None).unwrap(), [Polled::Readable]);
        child.wait().unwrap();
        assert!(is_missing(open_process(child.id())));
    }

    #[cfg(all(target_os = "linux", feature = "tools"))]
    #[test]
    fn a_process_tells_how_it_ended_if_the_kernel_does() {
        use std::os::fd::AsFd;

        for (code, status) in [(0, 0), (3, 3 << 8)] {
            let mut shell = Command::new("sh");
            let mut child = shell.arg("-c").arg(format!("exit {code}")).spawn().unwrap();
            let process = open_process(child.id()).unwrap();
            poll([&process], None).unwrap();
            assert_eq!(exit_status(process.as_fd()), None, "nobody waited for it");
            child.wait().unwrap();
            let told = exit_status(process.as_fd());
            assert!(told.is_none_or(|told| told == status), "{told:?}");
        }
    }

    fn is_missing<T>(found: io::Result<T>) -> bool {
        found.is_err_and(|error| error.raw_os_error() == Some(libc::ESRCH))
    }

    #[test]
    fn the_descriptor_limit_is_the_one_that_a_shell_tells() {
        let limit = |of: &mut Command| String::from_utf8(of.output().unwrap().stdout).unwrap();
        let told = limit(Command::new("sh").args(["-c", "ulimit -n"]));
        assert_eq!(descriptor_limit(), told.trim().parse().ok());
    }

    #[test]
    fn new_files_are_the_effective_users() {
        let file = tempfile::tempfile().unwrap();
        assert_eq!(effective_user(), file.metadata().unwrap().uid());
    }
}
