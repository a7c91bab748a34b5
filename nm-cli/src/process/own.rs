use std::io;
use std::path::PathBuf;

/// Our own executable, also when the file was replaced since.
pub fn executable() -> io::Result<PathBuf> {
    match cfg!(target_os = "linux") {
        true => Ok(PathBuf::from("/proc/self/exe")),
        false => std::env::current_exe(),
    }
}
