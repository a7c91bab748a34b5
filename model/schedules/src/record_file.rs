//! Stands in for the engine's files of records.

use std::io;

use crate::record::Record;
use crate::state_dir::Names;

pub(crate) struct RecordFile<'a>(&'a Names);

impl<'a> RecordFile<'a> {
    pub(crate) fn open(names: &'a Names, _name: &str) -> io::Result<Self> {
        Ok(Self(names))
    }

    /// Read and written one after the other, as a file is.
    pub(crate) fn update(&mut self, change: impl FnOnce(&mut Record)) -> io::Result<()> {
        let mut record = self.0.read();
        change(&mut record);
        self.0.write(record);
        Ok(())
    }
}
