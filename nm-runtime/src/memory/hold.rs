use std::sync::Arc;

use crate::backend::hold::{Ending, Hold};
use crate::base::error::{Error, Kind, Result};
use crate::memory::journal::log;
use crate::memory::wait::{Locked, Part};
use crate::terms::access::Access;
use crate::terms::event::{self, Entry};
use crate::terms::holder::Holder;
use crate::terms::record::Record;

/// A name that a process holds, until it ends.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) part: Arc<Part>,
    pub(crate) name: String,
    pub(crate) access: Access,
    pub(crate) lock: Locked,
    /// As it was granted.
    pub(crate) record: Record,
    pub(crate) holder: Arc<Holder>,
    pub(crate) request: String,
}

impl Hold for Held {
    fn name(&self) -> &str {
        &self.name
    }

    fn holder(&self) -> &Arc<Holder> {
        &self.holder
    }

    fn record(&mut self) -> &mut Record {
        &mut self.record
    }

    fn save(&mut self) -> Result<()> {
        let mut state = self.part.enter()?;
        state.records.insert(self.name.clone(), self.record.clone());
        Ok(())
    }

    fn amend(&mut self, change: &mut dyn FnMut(&mut Record)) -> Result<()> {
        let mut state = self.part.enter()?;
        state.records.get_mut(&self.name).map(change);
        Ok(())
    }

    fn share(&mut self) -> Result<bool> {
        // In one step: no writer can be quicker.
        self.lock.share(&mut *self.part.enter()?);
        Ok(true)
    }

    fn is_of_this_process(&self) -> bool {
        true
    }

    fn leave(self: Box<Self>) {}

    fn end(self: Box<Self>, ending: Ending<'_>) -> Result<()> {
        let held = *self;
        let mut state = match held.part.enter() {
            Ok(state) => state,
            // It died with the name in its hands.
            Err(_) => return Ok(()),
        };
        let kind = match state.removed {
            true => event::Kind::Lost,
            false => event::Kind::Released,
        };
        let entry = Entry {
            name: Some(ending.name),
            fence: Some(held.record.fence),
            detail: ending.reason.as_deref(),
            access: Some(held.access),
            state: Some(ending.state),
            ..Entry::new(kind, ending.pool, &held.request, &held.holder)
        };
        log(&mut state, &entry);
        if state.removed {
            return Err(Error::new(
                Kind::Lost,
                format!(
                    "`{}` may have been lent to others while this test held it: its pool was removed",
                    held.name
                ),
            ));
        }
        let after = match ending.as_it_was {
            true => None,
            false => Some((ending.state, ending.reason.as_deref())),
        };
        if held.access == Access::Exclusive {
            state.records.insert(held.name.clone(), held.record);
        }
        if let Some(record) = state.records.get_mut(&held.name) {
            record.give_back(&held.holder, held.access, after);
        }
        drop(state);
        // Record and journal before the lock: the next holder reads them.
        drop(held.lock);
        Ok(())
    }
}
