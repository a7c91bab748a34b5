/// How many files this process may have open; `None` if no limit is known.
pub(crate) fn descriptor_limit() -> Option<u64> {
    #[cfg(unix)]
    return crate::sys::unix::calls::descriptor_limit();
    #[cfg(not(unix))]
    None
}
