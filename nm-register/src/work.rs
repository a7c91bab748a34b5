//! A document that is being changed.

use std::collections::BTreeSet;

use crate::document::{Document, Hold, Waiter, Wanted};
use crate::event::{Event, Kind};
use crate::id::Session;
use crate::names::is_lock;
use crate::record::Name;

/// What is known beside the document when it is changed.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// The pool, for its journal.
    pub pool: &'a str,
    /// Whose requests these are.
    pub session: Session,
    /// Whether names may be granted: see [`Server::is_calm`](crate::Server::is_calm), of the
    /// same look as the document.
    pub calm: bool,
    /// Of the same look.
    pub epoch: u64,
    /// Sessions that were declared dead, of those that the document names.
    pub dead: &'a BTreeSet<Session>,
    /// In microseconds since 1970. For people; decides nothing.
    pub now: u64,
}

/// A document that is being changed.
pub(crate) struct Work<'a> {
    pub(crate) document: Document,
    pub(crate) known: Known<'a>,
    pub(crate) events: Vec<Event>,
}

impl Work<'_> {
    /// What is known of a name, or of a lock: that, or what an allocator has made, begins
    /// above the fences of all that were forgotten.
    pub(crate) fn known(&mut self, name: &str) -> &mut Name {
        let floor = match is_lock(name) || self.document.code.allocator.is_some() {
            true => self.document.locks,
            false => 0,
        };
        let names = &mut self.document.names;
        names.entry(name.to_owned()).or_insert_with(|| Name {
            fence: floor,
            alone: floor,
            ..Name::default()
        })
    }

    pub(crate) fn log(
        &mut self,
        kind: Kind,
        hold: &Hold,
        detail: Option<&str>,
        waited: Option<u64>,
    ) {
        if is_lock(&hold.name) {
            return;
        }
        self.events.push(Event {
            v: 1,
            time: self.known.now,
            kind,
            pool: self.known.pool.to_owned(),
            name: Some(hold.name.clone()),
            fence: Some(hold.fence),
            id: hold.id.clone(),
            holder: hold.who.clone(),
            detail: detail.map(str::to_owned),
            waited,
            access: Some(hold.access),
            state: None,
            phase: None,
        });
    }

    pub(crate) fn log_waiting(&mut self, waiter: &Waiter) {
        let name = match &waiter.wants {
            Wanted::Name(name) if is_lock(name) => return,
            Wanted::Name(name) => Some(name.clone()),
            Wanted::Count(_) | Wanted::Assigned => None,
        };
        self.events.push(Event {
            v: 1,
            time: self.known.now,
            kind: Kind::Waiting,
            pool: self.known.pool.to_owned(),
            name,
            fence: None,
            id: waiter.id.clone(),
            holder: waiter.who.clone(),
            detail: None,
            waited: None,
            access: Some(waiter.access),
            state: None,
            phase: None,
        });
    }
}
