//! Stands in for the engine's records: each belongs to whoever holds its name.

use std::io;

use crate::state_dir::Names;

/// What a holder waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Waiting;

#[derive(Clone, Debug, Default)]
pub(crate) struct Holder {
    pub(crate) token: String,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Tenure {
    pub(crate) holder: Holder,
    pub(crate) waiting: Option<Waiting>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Record {
    pub(crate) holders: Vec<Tenure>,
}

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
