//! Text as the system takes it: UTF-16 that ends with a NUL.

use std::ffi::OsStr;
use std::io;
use std::os::windows::ffi::OsStrExt;
use std::path::Path;

pub(super) fn text(text: impl AsRef<OsStr>) -> Vec<u16> {
    text.as_ref().encode_wide().chain([0]).collect()
}

/// A path, in the form that has no limit of 260 characters, as the standard library uses it.
pub(super) fn path(path: &Path) -> io::Result<Vec<u16>> {
    let path = std::path::absolute(path)?;
    let path: Vec<u16> = path.as_os_str().encode_wide().collect();
    let wide = |text: &str| text.encode_utf16().collect::<Vec<u16>>();
    let (share, own) = (wide(r"\\"), wide(r"\\?\"));
    let is_own = path.starts_with(&own) || path.starts_with(&wide(r"\\.\"));
    let (before, rest) = match path.strip_prefix(&*share) {
        _ if is_own => (Vec::new(), &*path),
        Some(rest) => (wide(r"\\?\UNC\"), rest),
        None => (own, &*path),
    };
    Ok([&*before, rest, &[0]].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_the_form_without_a_limit() {
        for (path_, expected) in [
            (r"C:\a\b", r"\\?\C:\a\b"),
            (r"\\server\share\a", r"\\?\UNC\server\share\a"),
            (r"\\?\C:\a", r"\\?\C:\a"),
        ] {
            assert_eq!(path(Path::new(path_)).unwrap(), text(expected), "{path_}");
        }
    }
}
