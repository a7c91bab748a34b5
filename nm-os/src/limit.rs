use std::sync::LazyLock;

/// How many files this process may have open, as it was when first asked for; `None` if no
/// limit is known.
pub fn descriptor_limit() -> Option<u64> {
    static LIMIT: LazyLock<Option<u64>> = LazyLock::new(|| {
        #[cfg(unix)]
        return crate::unix::calls::descriptor_limit();
        #[cfg(windows)]
        None
    });
    *LIMIT
}
