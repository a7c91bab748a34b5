//! All that a server knows of one pool.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::access::Access;
use crate::failure::Failure;
use crate::id::{Session, Token};
use crate::names::{Spec, is_lock};
use crate::record::Name;
use crate::who::Who;

/// The version of the document's meaning.
///
/// 1: the first.
const FORMAT: u32 = 1;

/// One pool.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// The version of its meaning.
    pub v: u32,
    /// Its names, once somebody has used it.
    pub spec: Option<Spec>,
    /// Names that were ever lent, and locks.
    pub names: BTreeMap<String, Name>,
    /// The highest fence of a lock, or of a name that an allocator has made, that was forgotten.
    pub locks: u64,
    /// In the order in which they were granted.
    pub holds: Vec<Hold>,
    /// Waiters, in the order in which they came. Written apart: there may be hundreds, which are
    /// most of a document, and of no interest to whoever looks for what is lent.
    #[serde(skip)]
    pub line: Vec<Waiter>,
    /// The user code that the pool depends on.
    pub code: Code,
    /// Texts that the engine keeps beside the names: the pool's life, and notes of runs.
    pub notes: BTreeMap<String, String>,
}

impl Default for Document {
    fn default() -> Self {
        Self {
            v: FORMAT,
            spec: None,
            names: BTreeMap::new(),
            locks: 0,
            holds: Vec::new(),
            line: Vec::new(),
            code: Code::default(),
            notes: BTreeMap::new(),
        }
    }
}

/// A name that is held.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hold {
    /// By which request.
    pub token: Token,
    /// By an agent with these beats.
    pub session: Session,
    /// Which name.
    pub name: String,
    /// With this access.
    pub access: Access,
    /// A first reader, who may have to make the name ready before others are let in.
    pub alone: bool,
    /// Above those of all earlier leases of the name.
    pub fence: u64,
    /// The request, for people.
    pub id: String,
    /// The holder, for people.
    pub who: Who,
    /// What it waits for while it holds this, for people and the search for deadlocks.
    pub waiting: Option<String>,
    /// When the body of its test ended, if the lease has outlived it.
    pub body_ended: Option<u64>,
    /// Who chose the name, if not we.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<By>,
}

/// Who chose a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum By {
    /// The pool's allocator.
    Allocator,
}

impl Hold {
    /// Whether nobody else may hold the name.
    pub(crate) fn excludes(&self) -> bool {
        self.alone || self.access == Access::Exclusive
    }
}

/// A request in the line. What is as usual is not written: there may be hundreds of them in a
/// document, which is written whole with every change.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Waiter {
    /// The request.
    pub token: Token,
    /// It can never be served. It waits for nothing, and is to be told. Next to the token, where
    /// servers look for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<Failure>,
    /// Of an agent with these beats.
    pub session: Session,
    /// What it wants.
    pub wants: Wanted,
    /// With this access.
    pub access: Access,
    /// It waits beside the queue for its name alone, which is reserved for the first such.
    pub beside: bool,
    /// Whether the process that asks has the pool's hooks.
    #[serde(default, skip_serializing_if = "is_default")]
    pub has_hooks: bool,
    /// Whether it has the pool's allocator.
    #[serde(default, skip_serializing_if = "is_default")]
    pub has_allocator: bool,
    /// Whether to take names that need no `init` before others.
    #[serde(default, skip_serializing_if = "is_default")]
    pub warm_first: bool,
    /// Whether to take names that are broken in its run, too.
    #[serde(default, skip_serializing_if = "is_default")]
    pub even_broken: bool,
    /// The index of the name to try first.
    #[serde(default, skip_serializing_if = "is_default")]
    pub first: usize,
    /// The request, for people.
    pub id: String,
    /// The waiter, for people; since when it waits.
    pub who: Who,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// What a request wants.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Wanted {
    /// So many names, whichever.
    Count(usize),
    /// This name.
    Name(String),
    /// What the pool's allocator decides, whom its own process asks.
    Assigned,
}

/// Where code is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// The crate.
    #[serde(rename = "crate")]
    pub krate: String,
    /// The file and line.
    pub place: String,
    /// If it is commands: what changes with any of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commands: Option<String>,
}

/// The user code of one pool.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Code {
    /// Its hooks.
    pub resource: Option<Place>,
    /// Its allocator.
    pub allocator: Option<Place>,
}

/// What has become of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing<'a> {
    /// It holds these.
    Holds(Vec<&'a Hold>),
    /// It waits.
    Waits {
        /// Behind so many of the queue.
        behind: usize,
        /// Whether the name that it waits for beside the queue is reserved for it; `None` if
        /// it waits in the queue.
        reserved: Option<bool>,
    },
    /// It can never be served.
    Failed(&'a Failure),
    /// Nothing is known of it.
    Unknown,
}

/// A text that is no document of a pool.
#[derive(Debug)]
pub enum Unsound {
    /// A later version of name-manager has written it: this one, and that it knows.
    TooNew(u64, u32),
    /// It was changed by hand, or is damaged.
    Damaged(String),
}

impl fmt::Display for Unsound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooNew(v, known) => write!(
                f,
                "the pool has format {v}, this version of name-manager knows up to {known}"
            ),
            Self::Damaged(why) => write!(f, "the pool's document is damaged: {why}"),
        }
    }
}

impl std::error::Error for Unsound {}

/// Only the version, of a document that may be newer.
#[derive(Deserialize)]
struct Version {
    v: u64,
}

impl Document {
    /// Reads a document and its line, which somebody may have changed by hand.
    ///
    /// # Errors
    ///
    /// If it could not be what we wrote: nothing is lent by it.
    pub fn parse(text: &str, line: &str) -> Result<Self, Unsound> {
        let damaged = |error: serde_json::Error| Unsound::Damaged(error.to_string());
        let too_new = |v: u64| v > u64::from(FORMAT);
        let mut document = match serde_json::from_str::<Self>(text) {
            Ok(document) if too_new(document.v.into()) => {
                return Err(Unsound::TooNew(document.v.into(), FORMAT));
            }
            Ok(document) => document,
            // Perhaps only because it is newer.
            Err(error) => {
                let version: Version = serde_json::from_str(text).map_err(damaged)?;
                return Err(match too_new(version.v) {
                    true => Unsound::TooNew(version.v, FORMAT),
                    false => damaged(error),
                });
            }
        };
        document.line = serde_json::from_str(line).map_err(damaged)?;
        document.check().map_err(Unsound::Damaged)?;
        Ok(document)
    }

    /// As [`Document::parse`] reads it: the document, and its line.
    pub fn to_texts(&self) -> (String, String) {
        let text = serde_json::to_string(self).expect("its keys are texts");
        let line = serde_json::to_string(&self.line).expect("its keys are texts");
        (text, line)
    }

    fn check(&self) -> Result<(), String> {
        let mut held = BTreeSet::new();
        for hold in &self.holds {
            let (name, fence) = (&hold.name, hold.fence);
            let known = self.names.get(name);
            if known.is_none_or(|known| known.fence < fence) {
                return Err(format!(
                    "`{name}` is held with fence {fence}, which it never had"
                ));
            }
            if !held.insert((hold.token, name)) {
                return Err(format!("`{name}` is held twice by {}", hold.token));
            }
            let others = self.of_name(name).filter(|other| other.token != hold.token);
            if hold.excludes() && others.count() > 0 {
                return Err(format!("`{name}` has an exclusive holder beside others"));
            }
        }
        let mut waiting = BTreeSet::new();
        for waiter in &self.line {
            let twice = !waiting.insert(waiter.token);
            if twice || self.holds.iter().any(|hold| hold.token == waiter.token) {
                return Err(format!("{} is there twice", waiter.token));
            }
        }
        if let Some((name, _)) = self.names.iter().find(|(_, name)| name.fence >= 1 << 53) {
            return Err(format!(
                "the fence of `{name}` is beyond all that is counted"
            ));
        }
        Ok(())
    }

    /// The holds of a name.
    pub fn of_name<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Hold> {
        self.holds.iter().filter(move |hold| hold.name == name)
    }

    /// The sessions that hold something, or wait.
    pub fn sessions(&self) -> BTreeSet<Session> {
        let holds = self.holds.iter().map(|hold| hold.session);
        holds
            .chain(self.line.iter().map(|waiter| waiter.session))
            .collect()
    }

    /// What has become of a request.
    pub fn standing(&self, token: Token) -> Standing<'_> {
        let held: Vec<_> = self
            .holds
            .iter()
            .filter(|hold| hold.token == token)
            .collect();
        if !held.is_empty() {
            return Standing::Holds(held);
        }
        let Some(at) = self.line.iter().position(|waiter| waiter.token == token) else {
            return Standing::Unknown;
        };
        let own = &self.line[at];
        let before = &self.line[..at];
        match (&own.failed, &own.wants) {
            (Some(failure), _) => Standing::Failed(failure),
            (None, Wanted::Name(name)) if own.beside => Standing::Waits {
                behind: 0,
                reserved: Some(own.passes(name) || !before.iter().any(|it| it.reserves(name))),
            },
            (None, _) => Standing::Waits {
                behind: before.iter().filter(|other| other.is_in_queue()).count(),
                reserved: None,
            },
        }
    }

    /// The sessions of waiters of an earlier document that this one has granted something, or
    /// told that they can never be served: they have something to read. And those of waiters for
    /// an allocator, which may have room now.
    pub fn served_since(&self, before: &Self) -> BTreeSet<Session> {
        let is_served = |waiter: &&Waiter| match self.standing(waiter.token) {
            Standing::Holds(_) => true,
            Standing::Failed(_) => waiter.failed.is_none(),
            Standing::Waits { .. } | Standing::Unknown => false,
        };
        let served = before.line.iter().filter(is_served);
        let has_ended = |hold: &&Hold| {
            let mut same = self.of_name(&hold.name);
            !is_lock(&hold.name) && !same.any(|other| other.token == hold.token)
        };
        let asks = |waiter: &&Waiter| waiter.wants == Wanted::Assigned;
        let has_left = |waiter: &Waiter| !self.line.iter().any(|it| it.token == waiter.token);
        let may_have_room = before.holds.iter().any(|hold| has_ended(&hold))
            || before.line.iter().filter(asks).any(has_left);
        let asking = self.line.iter().filter(asks).filter(|_| may_have_room);
        served.chain(asking).map(|waiter| waiter.session).collect()
    }

    /// Whether processes of that run use the pool, and it is not over: its reaper has the
    /// lock alone from then on.
    pub fn is_running(&self, run: &str) -> bool {
        let lock = format!("#alive {run}");
        let mut holds = self.of_name(&lock).peekable();
        holds.peek().is_some() && holds.all(|hold| !hold.excludes())
    }

    /// Whether processes of that run use the pool, or its reaper is at work.
    pub fn is_alive(&self, run: &str) -> bool {
        let locks = [format!("#alive {run}"), format!("#reaper {run}")];
        self.holds.iter().any(|hold| locks.contains(&hold.name))
    }
}

impl Waiter {
    pub(crate) fn is_in_queue(&self) -> bool {
        !self.beside && self.failed.is_none()
    }

    /// Whether it is held up by no other that waits for this name: who shares a lock goes before
    /// those that wait to have it alone, as with the lock of a file. A run takes in more
    /// processes while its reaper waits for all of them.
    pub(crate) fn passes(&self, name: &str) -> bool {
        is_lock(name) && self.access == Access::Shared
    }

    pub(crate) fn reserves(&self, name: &str) -> bool {
        let wants = matches!(&self.wants, Wanted::Name(wanted) if wanted == name);
        wants && self.beside && self.failed.is_none()
    }
}
