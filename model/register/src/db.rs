//! What the server stores, and the statements that change it.

use std::collections::{BTreeMap, BTreeSet};

use nm_register::{Document, Look, Outcome, Seen, Server, Session, Start, Tag};

/// The tables.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Db {
    /// The one row for all pools.
    pub server: Server,
    /// Their last beats, and whether they were declared dead.
    pub sessions: BTreeMap<Session, (u64, bool)>,
    /// The pool, once somebody has made it.
    pub pool: Option<(Tag, Document)>,
}

/// A change of the pool.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Statement {
    /// Whose.
    pub agent: usize,
    /// By which session.
    pub session: Session,
    /// The tag that was read; `None` if there was no pool.
    pub was: Option<Tag>,
    /// The process of the server that it was read from.
    pub start: Start,
    /// What shall be there.
    pub write: Write,
}

/// What a change writes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Write {
    /// Drawn for this change.
    pub tag: Tag,
    /// The next document.
    pub document: Document,
    /// What came of the requests.
    pub outcomes: Vec<Outcome>,
    /// All that is held was said in it.
    pub says_again: bool,
}

impl Db {
    /// Its sessions, of those that a document names.
    pub fn seen(&self, of: &BTreeSet<Session>) -> BTreeMap<Session, Seen> {
        let seen = |session: &Session| match self.sessions.get(session) {
            None => Seen::Missing,
            Some((_, true)) => Seen::Dead,
            Some((beat, false)) => Seen::Beat(*beat),
        };
        of.iter().map(|session| (*session, seen(session))).collect()
    }

    /// What READ sees of all but the document.
    pub fn look(&self, start: Start) -> Look {
        let document = self.pool.as_ref().map(|(_, document)| document.sessions());
        Look {
            start,
            server: self.server,
            sessions: self.seen(&document.unwrap_or_default()),
        }
    }

    /// Whether the change is done: SWAP's guards.
    pub fn accepts(&self, statement: &Statement, start: Start, start_guard: bool) -> bool {
        let tag = self.pool.as_ref().map(|(tag, _)| *tag);
        let is_dead = self
            .sessions
            .get(&statement.session)
            .is_some_and(|(_, dead)| *dead);
        tag == statement.was && (statement.start == start || !start_guard) && !is_dead
    }
}
