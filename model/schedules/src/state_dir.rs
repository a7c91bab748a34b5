//! Stands in for the engine's directory of a pool: one name's record.

use std::sync::Mutex;

use crate::record::Record;

#[derive(Debug, Default)]
pub(crate) struct Names(Mutex<Record>);

impl Names {
    pub(crate) fn read(&self) -> Record {
        self.0.lock().unwrap().clone()
    }

    pub(crate) fn write(&self, record: Record) {
        *self.0.lock().unwrap() = record;
    }
}

#[derive(Debug, Default)]
pub(crate) struct PoolDir {
    pub(crate) names: Names,
}
