use std::fs;
use std::path::PathBuf;

/// A file that ends the tests that wait for it.
pub struct Signal(pub PathBuf);

impl Signal {
    pub fn at(path: PathBuf) -> Self {
        let _ = fs::remove_file(&path);
        Self(path)
    }

    pub fn give(&self) {
        fs::write(&self.0, "").unwrap();
    }
}
