//! Systems that are no Unix. Written for Windows; never run there.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::sys::ancestor::Ancestor;
use crate::sys::file_id::FileId;
use crate::sys::open_file::OpenFile;
use crate::sys::process_state::ProcessState;
use crate::sys::spare::Spares;

#[derive(Debug)]
pub(crate) struct Dir {
    path: PathBuf,
    spares: Spares,
}

impl Dir {
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(path)?;
        Self::open(path)
    }

    pub(crate) fn child(&self, name: &str) -> io::Result<Self> {
        let path = self.path.join(name);
        match std::fs::create_dir(&path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            _ => Self::open(&path),
        }
    }

    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        match path.metadata()?.is_dir() {
            true => Ok(Self {
                path: path.to_owned(),
                spares: Spares::default(),
            }),
            false => Err(io::ErrorKind::NotADirectory.into()),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn file(&self, name: &str) -> io::Result<OpenFile> {
        if let Some(file) = self.spares.take(name) {
            return Ok(file);
        }
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(self.path.join(name))?;
        opened(file)
    }

    pub(crate) fn keep(&self, name: &str, file: Option<OpenFile>) {
        if let Some(file) = file {
            self.spares.keep(name, file);
        }
    }

    pub(crate) fn append(&self, name: &str) -> io::Result<File> {
        OpenOptions::new()
            .append(true)
            .create(true)
            .open(self.path.join(name))
    }

    pub(crate) fn log(&self, name: &str) -> io::Result<File> {
        OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(self.path.join(name))
    }

    pub(crate) fn existing(&self, name: &str) -> io::Result<Option<OpenFile>> {
        match OpenOptions::new()
            .read(true)
            .write(true)
            .open(self.path.join(name))
        {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            file => opened(file?).map(Some),
        }
    }

    pub(crate) fn names(&self, name: &str, _file: &OpenFile) -> io::Result<bool> {
        // An open file cannot be replaced on Windows, only be gone with its directory.
        self.path.join(name).try_exists()
    }

    pub(crate) fn has(&self, name: &str, file: &OpenFile) -> io::Result<bool> {
        self.names(name, file)
    }

    pub(crate) fn is_current(&self) -> io::Result<bool> {
        self.path.try_exists()
    }
}

pub(crate) fn read_at(file: &OpenFile, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut file = &file.file;
    file.seek(SeekFrom::Start(offset))?;
    file.read(buffer)
}

pub(crate) fn write_at_start(file: &OpenFile, bytes: &[u8]) -> io::Result<()> {
    let mut file = &file.file;
    file.seek(SeekFrom::Start(0))?;
    file.write_all(bytes)
}

/// The same for all: nothing here asks which file it is.
pub(crate) fn opened(file: File) -> io::Result<OpenFile> {
    let id = FileId {
        device: (0, 0),
        inode: 0,
    };
    Ok(OpenFile::new(file, id))
}

pub(crate) fn still_linked(_file: &OpenFile) -> io::Result<bool> {
    Ok(true)
}

pub(crate) fn is_current_user(_path: &Path) -> io::Result<bool> {
    Ok(true)
}

#[cfg(feature = "tools")]
pub(crate) fn file_id(_path: &Path) -> Option<FileId> {
    None
}

pub(crate) fn path_names(path: &Path, _file: &File) -> bool {
    // An open file cannot be replaced on Windows.
    path.exists()
}

pub(crate) fn process_state(_pid: u32) -> ProcessState {
    ProcessState::Unknown
}

pub(crate) fn own_program() -> io::Result<PathBuf> {
    std::env::current_exe()
}

pub(crate) fn pid_namespace() -> Option<u64> {
    Some(0)
}

pub(crate) fn parent_id() -> u32 {
    0
}

pub(crate) fn is_descriptor_shortage(_error: &io::Error) -> bool {
    false
}

pub(crate) fn detach() -> io::Result<()> {
    Ok(())
}

pub(crate) fn name_process(_name: &str) {}

pub(crate) fn close_stdout() -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

pub(crate) fn wait_for_exit(_pid: u32, _is_same: impl Fn() -> bool) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

pub(crate) fn open_regular(path: &Path) -> io::Result<OpenFile> {
    File::open(path).and_then(opened)
}

pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    std::fs::write(path, bytes)
}

pub(crate) fn ancestor(_pid: u32) -> Option<Ancestor> {
    None
}
