//! What the kernels of macOS and FreeBSD say of a process.

use std::ffi::{CStr, c_char};
use std::mem::{MaybeUninit, size_of};

use crate::ancestor::Ancestor;

/// A process by its id.
#[derive(Debug)]
pub(super) struct Kinfo {
    pub(super) ancestor: Ancestor,
    pub(super) is_stopped: bool,
    /// It has ended, but its parent has not taken note of that yet.
    pub(super) has_ended: bool,
}

#[cfg(target_os = "macos")]
pub(super) fn kinfo(pid: u32) -> Option<Kinfo> {
    let mut info = MaybeUninit::<libc::proc_bsdinfo>::zeroed();
    let size = size_of::<libc::proc_bsdinfo>() as libc::c_int;
    let (pid, into) = (libc::c_int::try_from(pid).ok()?, info.as_mut_ptr().cast());
    // SAFETY: `info` has that size, and nothing else uses it meanwhile.
    let filled = unsafe { libc::proc_pidinfo(pid, libc::PROC_PIDTBSDINFO, 0, into, size) };
    if filled != size {
        return None;
    }
    // SAFETY: all of it is numbers, and was 0 before it was filled.
    let info = unsafe { info.assume_init() };
    let long = text(&info.pbi_name);
    Some(Kinfo {
        ancestor: Ancestor {
            command: match long.is_empty() {
                false => long,
                true => text(&info.pbi_comm),
            },
            parent: info.pbi_ppid,
            started: info.pbi_start_tvsec * 1_000_000 + info.pbi_start_tvusec,
        },
        is_stopped: info.pbi_status == libc::SSTOP,
        has_ended: info.pbi_status == libc::SZOMB,
    })
}

#[cfg(target_os = "freebsd")]
pub(super) fn kinfo(pid: u32) -> Option<Kinfo> {
    let mut info = MaybeUninit::<libc::kinfo_proc>::zeroed();
    let mut size = size_of::<libc::kinfo_proc>();
    let pid = libc::c_int::try_from(pid).ok()?;
    let which = [libc::CTL_KERN, libc::KERN_PROC, libc::KERN_PROC_PID, pid];
    let (which, length, into) = (which.as_ptr(), which.len(), info.as_mut_ptr().cast());
    // SAFETY: `which` has that many numbers, `info` that size, and nothing else uses it
    // meanwhile.
    let failed = unsafe { libc::sysctl(which, length as _, into, &mut size, std::ptr::null(), 0) };
    if failed != 0 || size != size_of::<libc::kinfo_proc>() {
        return None;
    }
    // SAFETY: all of it is numbers and pointers, and was 0 before it was filled.
    let info = unsafe { info.assume_init() };
    Some(Kinfo {
        ancestor: Ancestor {
            command: text(&info.ki_comm),
            parent: info.ki_ppid.try_into().ok()?,
            started: info.ki_start.tv_sec as u64 * 1_000_000 + info.ki_start.tv_usec as u64,
        },
        is_stopped: info.ki_stat == libc::SSTOP,
        has_ended: info.ki_stat == libc::SZOMB,
    })
}

/// Up to the NUL, or all of it.
fn text(chars: &[c_char]) -> String {
    let bytes: Vec<u8> = chars.iter().map(|char| *char as u8).chain([0]).collect();
    let text = CStr::from_bytes_until_nul(&bytes).unwrap_or_default();
    text.to_string_lossy().into_owned()
}
