//! Where generated workspaces stand.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;

/// One directory for each checkout of this repository, outside it: inside, the
/// repository's own workspace and git would be found above every package.
pub fn base() -> PathBuf {
    let mut hasher = DefaultHasher::new();
    env!("CARGO_MANIFEST_DIR").hash(&mut hasher);
    let base = std::env::temp_dir().join(format!("name-manager-suites-{:016x}", hasher.finish()));
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(&base).unwrap();
    // As `/proc` and error messages show it: macOS has links on the way.
    base.canonicalize().unwrap()
}

/// The target directory of all generated workspaces.
pub fn target() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("suites")
}
