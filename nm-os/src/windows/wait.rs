//! Waiting for what the kernel signals.

use std::io;
use std::os::windows::io::{AsHandle, AsRawHandle, BorrowedHandle, FromRawHandle, OwnedHandle};
use std::ptr;
use std::time::Duration;

use windows_sys::Win32::Foundation::{HANDLE, WAIT_FAILED, WAIT_OBJECT_0, WAIT_TIMEOUT};
use windows_sys::Win32::System::Threading::{
    CreateEventW, INFINITE, ResetEvent, SetEvent, WaitForMultipleObjects,
};

use super::wide;

/// How many the system waits for in one call.
pub(super) const MOST: usize = 64;

/// Blocks until one of these is signalled, at most so long (`None`: however long), and says
/// the first one; `None` if none was.
pub(super) fn for_any<'a>(
    handles: impl IntoIterator<Item = &'a OwnedHandle>,
    timeout: Option<Duration>,
) -> io::Result<Option<usize>> {
    let handles: Vec<_> = handles.into_iter().map(AsHandle::as_handle).collect();
    for_any_of(&handles, timeout)
}

/// The same of handles that others own.
pub(super) fn for_any_of(
    handles: &[BorrowedHandle<'_>],
    timeout: Option<Duration>,
) -> io::Result<Option<usize>> {
    let handles: Vec<HANDLE> = handles.iter().map(AsRawHandle::as_raw_handle).collect();
    let timeout = timeout.map_or(INFINITE, milliseconds);
    // SAFETY: `handles` has that many elements, all open as long as they are borrowed.
    let ended =
        unsafe { WaitForMultipleObjects(handles.len() as u32, handles.as_ptr(), 0, timeout) };
    match ended {
        WAIT_FAILED => Err(io::Error::last_os_error()),
        WAIT_TIMEOUT => Ok(None),
        signalled => Ok(Some((signalled - WAIT_OBJECT_0) as usize)),
    }
}

/// Rounded up: waiting for 0 would be a busy loop until the rest of a millisecond is over.
fn milliseconds(timeout: Duration) -> u32 {
    let whole = timeout.as_nanos().div_ceil(1_000_000);
    u32::try_from(whole).map_or(INFINITE - 1, |whole| whole.min(INFINITE - 1))
}

/// An event that stays set until it is reset. Processes that create one with the same name
/// have the same one.
pub(super) fn event(name: Option<&str>) -> io::Result<OwnedHandle> {
    let name = name.map(wide::text);
    let name = name.as_ref().map_or(ptr::null(), |name| name.as_ptr());
    // SAFETY: `name` is null, or ends with a NUL and lives until the call is over.
    let event = unsafe { CreateEventW(ptr::null(), 1, 0, name) };
    if event.is_null() {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: just opened, so nothing else owns it.
    Ok(unsafe { OwnedHandle::from_raw_handle(event) })
}

pub(super) fn set(event: &OwnedHandle) {
    // SAFETY: the handle is open as long as it is borrowed.
    unsafe { SetEvent(event.as_raw_handle()) };
}

pub(super) fn reset(event: &OwnedHandle) {
    // SAFETY: the handle is open as long as it is borrowed.
    unsafe { ResetEvent(event.as_raw_handle()) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_millisecond_is_waited_for_as_a_whole_one() {
        let of = |nanos| milliseconds(Duration::from_nanos(nanos));
        let nanos = [0, 1, 999_999, 1_000_000, 1_000_001, 5_000_000_000];
        assert_eq!(nanos.map(of), [0, 1, 1, 1, 2, 5000]);
        assert_eq!(milliseconds(Duration::MAX), INFINITE - 1);
    }

    #[test]
    fn the_first_that_is_signalled_is_told() {
        let events = [(); 3].map(|()| event(None).unwrap());
        let short = Some(Duration::from_micros(1));
        assert_eq!(for_any(&events, short).unwrap(), None);
        set(&events[2]);
        assert_eq!(for_any(&events, None).unwrap(), Some(2));
        set(&events[1]);
        assert_eq!(for_any(&events, None).unwrap(), Some(1));
        reset(&events[1]);
        assert_eq!(for_any(&events, None).unwrap(), Some(2));
    }
}
