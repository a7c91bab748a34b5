//! In the place of `server_pool` on a system that has no pools of a server.

use std::collections::BTreeMap;

use crate::backend::patience::Deadline;
use crate::backend::snapshot::Snapshot;
use crate::base::error::Result;
use crate::config::surroundings::Surroundings;
use crate::journal::Event;
use crate::local::runs::Seen;
use crate::local::waiters::Waiter;
use crate::terms::code::PoolCode;
use crate::terms::declaration::Declaration;
use crate::terms::pool_life::PoolLife;

#[derive(Debug)]
pub(super) enum ServerPool {}

impl ServerPool {
    /// An error, if the pool would be one.
    pub(super) fn open(pool: &str, around: &Surroundings) -> Result<Option<Self>> {
        around.pool(pool).map(|_| None)
    }

    pub(super) fn look(&self, _: &str) -> Result<(Snapshot, Vec<Waiter>)> {
        match *self {}
    }

    pub(super) fn code(&self) -> Result<PoolCode> {
        match *self {}
    }

    pub(super) fn declarations(&self) -> Result<Vec<Declaration>> {
        match *self {}
    }

    pub(super) fn life(&self) -> Result<PoolLife> {
        match *self {}
    }

    pub(super) fn events(&self, _: u64) -> Result<Box<dyn Iterator<Item = Result<Event>>>> {
        match *self {}
    }

    pub(super) fn last_events(&self, _: u32) -> Result<Vec<Event>> {
        match *self {}
    }

    pub(super) fn hooks(&self, _: &Snapshot) -> Result<BTreeMap<String, Event>> {
        match *self {}
    }

    pub(super) fn runs(&self) -> Result<Vec<Seen>> {
        match *self {}
    }

    pub(super) fn cleaning(&self, _: &[Seen]) -> Result<Vec<String>> {
        match *self {}
    }

    pub(super) fn wait_for_reaper(&self, _: &str, _: Deadline) -> Result<bool> {
        match *self {}
    }
}
