//! Directories and the files in them.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use super::file::Appender;
use super::{file, file_info, owner};
use crate::file_id::FileId;
use crate::open_file::OpenFile;
use crate::spare::Spares;

/// A directory. Files in it are opened by their whole paths. It is not kept open: where one
/// that is open keeps its name, nobody could remove what it is in.
#[derive(Debug)]
pub struct Dir {
    id: FileId,
    path: PathBuf,
    spares: Spares,
}

impl Dir {
    /// Opens the directory, creating it and its parents, for this user alone, if missing.
    pub fn create(path: &Path) -> io::Result<Self> {
        match Self::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                create_all(path)?;
                Self::open(path)
            }
            done => done,
        }
    }

    /// Opens a directory in this one, creating it if missing, but none above it.
    pub fn child(&self, name: &str) -> io::Result<Self> {
        let path = self.path.join(name);
        match Self::open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                create_one(&path)?;
                Self::open(&path)
            }
            done => done,
        }
    }

    /// Opens a directory that exists.
    pub fn open(path: &Path) -> io::Result<Self> {
        let open = file::look(path, true)?;
        if !open.metadata()?.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        Ok(Self {
            id: file_info::id(&open)?,
            path: path.to_owned(),
            spares: Spares::default(),
        })
    }

    /// Where it was when it was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Identifies the directory, however its path is spelt.
    pub fn id(&self) -> FileId {
        self.id
    }

    /// Opens a file in this directory for reading and writing, creating it if missing.
    /// Never follows a symbolic link, and refuses anything but a regular file.
    ///
    /// May be one that was [kept](Dir::keep), and removed from the directory since.
    pub fn file(&self, name: &str) -> io::Result<OpenFile> {
        match self.spares.take(name) {
            Some(file) => Ok(file),
            None => self.open_with(name, OpenOptions::new().read(true).write(true).create(true)),
        }
    }

    /// Keeps an open file, unlocked, for the next call that opens it.
    pub fn keep(&self, name: &str, file: Option<OpenFile>) {
        if let Some(file) = file {
            self.spares.keep(name, file);
        }
    }

    /// Like [`Dir::file`], but each write goes to the end.
    pub fn append(&self, name: &str) -> io::Result<Appender> {
        // What may only append may not lock.
        let mut options = OpenOptions::new();
        let options = options.read(true).append(true).create(true);
        self.open_with(name, options).map(Appender::new)
    }

    /// Like [`Dir::append`], for what others write: it can be read, too.
    pub fn log(&self, name: &str) -> io::Result<File> {
        let mut options = OpenOptions::new();
        let options = options.read(true).append(true).create(true);
        Ok(self.open_with(name, options)?.file)
    }

    /// Opens a file for reading and writing if it exists.
    pub fn existing(&self, name: &str) -> io::Result<Option<OpenFile>> {
        match self.open_with(name, OpenOptions::new().read(true).write(true)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            done => done.map(Some),
        }
    }

    fn open_with(&self, name: &str, options: &OpenOptions) -> io::Result<OpenFile> {
        file::open(&self.path.join(name), options)
    }

    /// Whether the path of `name` still names the file that `file` has open.
    pub fn names(&self, name: &str, file: &OpenFile) -> io::Result<bool> {
        file::is_at(&self.path.join(name), false, file.id)
    }

    /// The same: no file is opened but by its path.
    pub fn has(&self, name: &str, file: &OpenFile) -> io::Result<bool> {
        self.names(name, file)
    }

    /// Whether the directory's path still names it, rather than nothing or another.
    pub fn is_current(&self) -> io::Result<bool> {
        file::is_at(&self.path, true, self.id)
    }
}

fn create_all(path: &Path) -> io::Result<()> {
    match create_one(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let above = path.parent().ok_or(error)?;
            create_all(above)?;
            create_one(path)
        }
        done => done,
    }
}

fn create_one(path: &Path) -> io::Result<()> {
    match owner::create_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        done => done,
    }
}
