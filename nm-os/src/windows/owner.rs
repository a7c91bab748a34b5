//! To whom files belong, and directories that are for one user alone.

use std::ffi::c_void;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::windows::fs::OpenOptionsExt;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::path::Path;
use std::ptr;

use once_cell::sync::OnceCell;
#[cfg(feature = "tools")]
use windows_sys::Win32::Foundation::{GENERIC_WRITE, INVALID_HANDLE_VALUE};
use windows_sys::Win32::Foundation::{HANDLE, LocalFree};
use windows_sys::Win32::Security::Authorization::{
    ConvertSidToStringSidW, ConvertStringSecurityDescriptorToSecurityDescriptorW, GetSecurityInfo,
    SDDL_REVISION_1, SE_FILE_OBJECT,
};
use windows_sys::Win32::Security::{
    GetTokenInformation, OWNER_SECURITY_INFORMATION, PSID, SECURITY_ATTRIBUTES,
    TOKEN_INFORMATION_CLASS, TOKEN_OWNER, TOKEN_QUERY, TOKEN_USER, TokenOwner, TokenUser,
};
#[cfg(feature = "tools")]
use windows_sys::Win32::Storage::FileSystem::{
    CREATE_NEW, CreateFileW, FILE_ATTRIBUTE_NORMAL, FILE_SHARE_DELETE, FILE_SHARE_READ,
};
use windows_sys::Win32::Storage::FileSystem::{
    CreateDirectoryW, FILE_FLAG_BACKUP_SEMANTICS, FILE_FLAG_OPEN_REPARSE_POINT, READ_CONTROL,
};
use windows_sys::Win32::System::Threading::{GetCurrentProcess, OpenProcessToken};

use super::wide;

/// Whom files belong to on file systems that do not know it, as that of most USB sticks.
const EVERYONE: &str = "S-1-1-0";

/// The user of this process, and whom new files belong to: for an administrator that is
/// the group.
#[derive(Debug)]
struct Ours {
    user: String,
    owner: String,
}

fn ours() -> io::Result<&'static Ours> {
    static OURS: OnceCell<Ours> = OnceCell::new();
    OURS.get_or_try_init(|| {
        let token = token()?;
        Ok(Ours {
            user: of_token(&token, TokenUser, |user: TOKEN_USER| user.User.Sid)?,
            owner: of_token(&token, TokenOwner, |owner: TOKEN_OWNER| owner.Owner)?,
        })
    })
}

/// Whether the path belongs to the user of this process: what it names, and a link on the
/// way to that.
pub fn is_current_user(path: &Path) -> io::Result<bool> {
    let is_ours = |flags| {
        let mut options = OpenOptions::new();
        let options = options.access_mode(READ_CONTROL).custom_flags(flags);
        let owner = owner(&options.open(path)?)?;
        let ours = ours()?;
        Ok([&*ours.user, &*ours.owner, EVERYONE].contains(&&*owner))
    };
    let itself = is_ours(FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT)?;
    if itself && path.symlink_metadata()?.is_symlink() {
        return is_ours(FILE_FLAG_BACKUP_SEMANTICS);
    }
    Ok(itself)
}

/// Creates a directory that is, with all that will be in it, for this user alone.
pub(super) fn create_dir(path: &Path) -> io::Result<()> {
    let path = wide::path(path)?;
    for_user_alone(|attributes| {
        // SAFETY: `path` ends with a NUL, and what the attributes point to lives as long.
        check(unsafe { CreateDirectoryW(path.as_ptr(), attributes) })
    })
}

/// Creates a file that nobody but this user may open.
#[cfg(feature = "tools")]
pub fn create_private_file(path: &Path) -> io::Result<File> {
    let path = wide::path(path)?;
    for_user_alone(|attributes| {
        // SAFETY: `path` ends with a NUL, and what the attributes point to lives as long.
        let file = unsafe {
            CreateFileW(
                path.as_ptr(),
                GENERIC_WRITE,
                FILE_SHARE_READ | FILE_SHARE_DELETE,
                attributes,
                CREATE_NEW,
                FILE_ATTRIBUTE_NORMAL,
                ptr::null_mut(),
            )
        };
        match file {
            INVALID_HANDLE_VALUE => Err(io::Error::last_os_error()),
            // SAFETY: just opened, so nothing else owns it.
            file => Ok(unsafe { File::from_raw_handle(file) }),
        }
    })
}

/// Creates something by these attributes: it is for this user alone, and so is what will be
/// in it.
pub(super) fn for_user_alone<T>(
    create: impl FnOnce(&SECURITY_ATTRIBUTES) -> io::Result<T>,
) -> io::Result<T> {
    let user = &ours()?.user;
    // The owner; no rights from above; all rights for the user, here and below.
    let rights = wide::text(format!("O:{user}D:P(A;OICI;FA;;;{user})"));
    let mut descriptor = ptr::null_mut();
    // SAFETY: `rights` ends with a NUL, and `descriptor` is what is written to.
    let done = unsafe {
        ConvertStringSecurityDescriptorToSecurityDescriptorW(
            rights.as_ptr(),
            SDDL_REVISION_1,
            &mut descriptor,
            ptr::null_mut(),
        )
    };
    check(done)?;
    let descriptor = Allocated(descriptor);
    create(&SECURITY_ATTRIBUTES {
        nLength: size_of::<SECURITY_ATTRIBUTES>() as u32,
        lpSecurityDescriptor: descriptor.0,
        bInheritHandle: 0,
    })
}

fn owner(file: &File) -> io::Result<String> {
    let (mut owner, mut descriptor) = (ptr::null_mut(), ptr::null_mut());
    // SAFETY: the handle is open as long as `file` is borrowed; the others are what is
    // written to, or null.
    let code = unsafe {
        GetSecurityInfo(
            file.as_raw_handle(),
            SE_FILE_OBJECT,
            OWNER_SECURITY_INFORMATION,
            &mut owner,
            ptr::null_mut(),
            ptr::null_mut(),
            ptr::null_mut(),
            &mut descriptor,
        )
    };
    if code != 0 {
        return Err(io::Error::from_raw_os_error(code as i32));
    }
    let _descriptor = Allocated(descriptor);
    match owner.is_null() {
        true => Ok(EVERYONE.to_owned()),
        // It is within the descriptor.
        false => text(owner),
    }
}

fn token() -> io::Result<OwnedHandle> {
    let mut token: HANDLE = ptr::null_mut();
    // SAFETY: `token` is what is written to.
    check(unsafe { OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &mut token) })?;
    // SAFETY: just opened, so nothing else owns it.
    Ok(unsafe { OwnedHandle::from_raw_handle(token) })
}

/// Whom a token names.
fn of_token<T: Copy>(
    token: &OwnedHandle,
    what: TOKEN_INFORMATION_CLASS,
    sid: impl Fn(T) -> PSID,
) -> io::Result<String> {
    let mut room = [0_u64; 64];
    assert!(size_of::<T>() <= size_of_val(&room));
    let mut length = 0;
    // SAFETY: `room` is as long as is said, and is what is written to.
    let done = unsafe {
        GetTokenInformation(
            token.as_raw_handle(),
            what,
            room.as_mut_ptr().cast(),
            size_of_val(&room) as u32,
            &mut length,
        )
    };
    check(done)?;
    // SAFETY: the callers ask for what the system says of this kind, which it has put at
    // the beginning of `room`; that is aligned for all of these, and long enough.
    let said = unsafe { room.as_ptr().cast::<T>().read() };
    // Points into `room`.
    text(sid(said))
}

/// `S-1-5-21-..`
fn text(sid: PSID) -> io::Result<String> {
    let mut text = ptr::null_mut();
    // SAFETY: the callers have `sid` from the system, and what it is in lives as long.
    check(unsafe { ConvertSidToStringSidW(sid, &mut text) })?;
    let allocated = Allocated(text.cast());
    // SAFETY: the system has put text that ends with a NUL there.
    let units = unsafe {
        let length = (0..).take_while(|at| *text.add(*at) != 0).count();
        std::slice::from_raw_parts(text, length)
    };
    let text = String::from_utf16_lossy(units);
    drop(allocated);
    Ok(text)
}

/// What the system has allocated for us.
struct Allocated(*mut c_void);

impl Drop for Allocated {
    fn drop(&mut self) {
        // SAFETY: from a call whose result is to be freed so, and nothing else does it.
        unsafe { LocalFree(self.0) };
    }
}

fn check(done: i32) -> io::Result<()> {
    match done {
        0 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_we_make_is_ours() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("private");
        create_dir(&path).unwrap();
        assert!(is_current_user(&path).unwrap());
        let there = create_dir(&path).unwrap_err();
        assert_eq!(there.kind(), io::ErrorKind::AlreadyExists);
        let missing = is_current_user(&dir.path().join("missing")).unwrap_err();
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
        assert!(ours().unwrap().user.starts_with("S-1-5-"), "{:?}", ours());
    }
}
