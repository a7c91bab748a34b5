//! Stands in for the engine's seam: a backend of one name, whose record is read and
//! written one after the other, as a file is.

use std::sync::Mutex;

use crate::terms::record::{Record, Tenure};

pub(crate) trait Backend: std::fmt::Debug + Send + Sync {
    fn publish(&self, name: &str, token: &str, change: &dyn Fn(&mut Tenure));
}

#[derive(Debug, Default)]
pub(crate) struct OneName(Mutex<Record>);

impl OneName {
    pub(crate) fn read(&self) -> Record {
        self.0.lock().unwrap().clone()
    }

    pub(crate) fn write(&self, record: Record) {
        *self.0.lock().unwrap() = record;
    }
}

impl Backend for OneName {
    fn publish(&self, _name: &str, token: &str, change: &dyn Fn(&mut Tenure)) {
        let mut record = self.read();
        for tenure in &mut record.holders {
            if tenure.holder.token == token {
                change(tenure);
            }
        }
        self.write(record);
    }
}
