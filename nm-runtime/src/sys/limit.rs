use once_cell::sync::Lazy;

/// How many files this process may have open, as it was when first asked for; `None` if no
/// limit is known.
pub(crate) fn descriptor_limit() -> Option<u64> {
    static LIMIT: Lazy<Option<u64>> = Lazy::new(|| {
        #[cfg(unix)]
        return crate::sys::unix::calls::descriptor_limit();
        #[cfg(windows)]
        None
    });
    *LIMIT
}
