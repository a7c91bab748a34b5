//! What it takes to wake another process, with no lock at all: the limit of
//! every hand-over.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::io::Errno;
use rustix::thread::futex;
use vmap::MapMut;
use zerocopy::FromBytes;

use crate::clock::now;
use crate::result::Result;
use crate::talk::{listen, say};

/// As a lock's turns: told once, the one waits and says when it was woken; told
/// once, the other wakes it and says when it began to.
fn turns(
    role: &str,
    mut wait: impl FnMut() -> Result<()>,
    mut wake: impl FnMut() -> Result<()>,
) -> Result<()> {
    say(&[])?;
    while listen()? {
        let time = match role {
            "wait" => {
                wait()?;
                now()
            }
            _ => {
                let start = now();
                wake()?;
                start
            }
        };
        say(&[time])?;
    }
    Ok(())
}

pub fn pipe(state: &Path, role: &str) -> Result<()> {
    let path = state.join("wake.fifo");
    match mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0) {
        Ok(()) | Err(Errno::EXIST) => {}
        Err(error) => return Err(error.into()),
    }
    // For both, so that neither waits for the other to open it.
    let fifo = File::options().read(true).write(true).open(&path)?;
    turns(
        role,
        || Ok((&fifo).read_exact(&mut [0])?),
        || Ok((&fifo).write_all(b"!")?),
    )
}

pub fn futex(state: &Path, role: &str) -> Result<()> {
    let (mut map, _file) = MapMut::with_options()
        .create(true)
        .resize(4096)
        .open(state.join("wake.futex"))?;
    let word =
        AtomicU32::mut_from_bytes(&mut map[..4]).map_err(|_| "the mapping is not aligned")?;
    let word = &*word;
    // A waiter that came before the other process mapped the file sees its change too.
    let seen = || word.load(Ordering::Acquire);
    turns(
        role,
        || {
            let before = seen();
            while seen() == before {
                match futex::wait(word, futex::Flags::empty(), before, None) {
                    Ok(()) | Err(Errno::AGAIN | Errno::INTR) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            Ok(())
        },
        || {
            word.fetch_add(1, Ordering::Release);
            futex::wake(word, futex::Flags::empty(), 1)?;
            Ok(())
        },
    )
}
