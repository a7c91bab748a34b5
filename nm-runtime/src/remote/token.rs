//! What identifies a request on a server, and the file that proves that its process lives.

use std::fmt;
use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use hifijson::SliceLexer;
use nm_os::Dir;

use crate::base::clock;
use crate::base::error::Result;
use crate::base::json::{self, FromJson, ToJson};
use crate::local::dir::unusable;
use crate::local::lock::Locked;
use crate::terms::access::Access;

/// Who knows it can prove that the request was its own.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Token(u128);

impl Token {
    /// One that nobody has drawn.
    pub(crate) fn draw() -> Self {
        let mut bytes = [0; 16];
        let drawn = File::open("/dev/urandom").and_then(|mut source| source.read_exact(&mut bytes));
        if drawn.is_err() {
            // Seeded by the system at the first call in each thread; differs at each.
            for half in bytes.chunks_exact_mut(8) {
                let seed = RandomState::new().hash_one((std::process::id(), clock::now()));
                half.copy_from_slice(&seed.to_ne_bytes());
            }
        }
        Self(u128::from_ne_bytes(bytes))
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl ToJson for Token {
    fn write(&self, text: &mut String) {
        self.to_string().write(text);
    }
}

impl FromJson for Token {
    fn read(next: u8, from: &mut SliceLexer<'_>) -> Option<Self> {
        let text = String::read(next, from)?;
        let is_one = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        u128::from_str_radix(&text, 16)
            .ok()
            .filter(|_| is_one)
            .map(Self)
    }
}

/// A token's file, locked for as long as the process lives and has not given back all that
/// it was granted under the token.
#[derive(Debug)]
pub(crate) struct TokenLock {
    pub(crate) token: Token,
    /// Which file it is.
    pub(crate) file: FileSeen,
    locks: PathBuf,
    pid: u32,
    /// The file says what is given back: from then on it is the agent's to remove.
    has_release: AtomicBool,
    /// Taken when it drops.
    locked: Option<Locked>,
}

/// A file as a process sees it: another one would be there in another file system.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FileSeen {
    device: u64,
    inode: u64,
}

json::object!(write FileSeen { device, inode });

impl TokenLock {
    /// A new token, with its file in the agent's directory.
    pub(crate) fn new(agent_dir: &Path) -> Result<Self> {
        let token = Token::draw();
        let locks = agent_dir.join("locks");
        let name = token.to_string();
        let failed = |error| unusable(&locks.join(&name), error);
        let file = Dir::create(&locks)
            .and_then(|dir| dir.file(&name))
            .map_err(failed)?;
        let seen = file.file.metadata().map_err(failed)?;
        let locked = Locked::try_lock(file, Access::Exclusive).map_err(failed)?;
        let Ok(locked) = locked else {
            let error = io::Error::other("somebody else has locked it");
            return Err(failed(error));
        };
        Ok(Self {
            token,
            file: FileSeen {
                device: seen.dev(),
                inode: seen.ino(),
            },
            locks,
            pid: std::process::id(),
            has_release: AtomicBool::new(false),
            locked: Some(locked),
        })
    }

    /// Writes down that something is given back, before an agent is told: one that is killed
    /// before it has done so leaves that to the next one, and we may be gone by then.
    pub(crate) fn note(&self, release: &str) {
        let Some(locked) = &self.locked else {
            return;
        };
        // Without it the server hears of it from the agent that is told, or learns of our end.
        if locked.append(&format!("{release}\n")).is_ok() {
            self.has_release.store(true, Ordering::Relaxed);
        }
    }
}

impl Drop for TokenLock {
    fn drop(&mut self) {
        let Some(locked) = self.locked.take() else {
            return;
        };
        // A forked child shares the lock with its parent, which owns it.
        if self.pid != std::process::id() {
            return locked.leave();
        }
        if *self.has_release.get_mut() {
            return;
        }
        // What stays is unlocked, and so means nothing.
        let _ = nm_os::remove(&self.locks.join(self.token.to_string()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_drawn_once_and_its_file_goes_with_it() {
        let dir = tempfile::tempdir().unwrap();
        let one = TokenLock::new(dir.path()).unwrap();
        let other = TokenLock::new(dir.path()).unwrap();
        assert_ne!(one.token, other.token);
        let text = json::to_string(&one.token);
        assert_eq!(json::from_slice::<Token>(text.as_bytes()), Some(one.token));
        let path = dir.path().join("locks").join(one.token.to_string());
        assert!(crate::local::lock::is_locked(
            nm_os::open_regular(&path).unwrap()
        ));
        drop(one);
        assert!(!path.exists());
        let path = dir.path().join("locks").join(other.token.to_string());
        other.note("{}");
        other.note("[]");
        drop(other);
        assert!(!crate::local::lock::is_locked(
            nm_os::open_regular(&path).unwrap()
        ));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "{}\n[]\n");
        for wrong in ["\"1\"", "\"+1234567890123456789012345678901\"", "1"] {
            assert_eq!(json::from_slice::<Token>(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
