//! What is known of one pool, and not yet done.

use std::time::Duration;

use nm_postgres::Page;
use nm_register::{Code, Event, Hold, Observer, Request, Session, Start, Tag, Token, Wanted};

use crate::wire::{Answer, Grant, Join, Place, Scene};

/// A connection of a process.
pub(crate) type Client = u64;

/// A project and a pool in it.
pub(crate) type Key = (String, String);

/// Who is answered, and on which number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct To {
    pub(crate) client: Client,
    pub(crate) id: u64,
}

/// The moment at which something is done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Now {
    /// Of whom.
    pub(crate) session: Session,
    /// On the clock of leases.
    pub(crate) time: Duration,
    /// For people.
    pub(crate) wall: u64,
    /// Whether the machine may believe in its leases.
    pub(crate) valid: bool,
}

/// A question that a look answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Read {
    /// The pool.
    Look,
    /// What of it a message says.
    Brief,
    /// What code it depends on.
    Code,
    /// A text.
    Noted(String),
    /// Whether a run lives.
    Run(String),
    /// What its allocator is to decide on.
    Scene,
}

/// A request for names that is not over.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) join: Join,
    /// `None` if its process is not connected, or does not wait any more.
    pub(super) to: Option<To>,
    /// The place that it was told last, and when.
    pub(super) place: Option<Place>,
    pub(super) told_at: Duration,
    /// What it was told last that its allocator is to decide on.
    pub(super) scene: Option<Scene>,
    /// Its process waits no more.
    pub(super) given_up: bool,
    /// Who is told what came of that.
    pub(super) leave: Option<To>,
    /// The server may have it.
    pub(super) tried: bool,
}

impl Asked {
    /// Whether its allocator has decided, and that is not known to be taken or not.
    pub(super) fn has_decided(&self) -> bool {
        let assign = self.join.assign.as_ref();
        assign.is_some_and(|assign| assign.decision.is_some())
    }
}

/// A name that a process of this machine holds, and knows that it does.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) grant: Grant,
    /// `None` if it is not connected.
    pub(super) client: Option<Client>,
}

impl Held {
    /// Which lease it is, and whose.
    pub(super) fn lease(self) -> (Option<Client>, (Token, String)) {
        (self.client, (self.grant.hold.token, self.grant.hold.name))
    }
}

/// Names that a process says it holds, from another agent; or that its file says.
#[derive(Debug)]
pub(super) struct Presented {
    pub(super) to: Option<To>,
    pub(super) holds: Vec<Hold>,
}

/// A change that is to be made, and is made once.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) number: u64,
    pub(super) request: Request,
    pub(super) to: Option<To>,
    /// The server may have made it.
    pub(super) tried: bool,
    /// Of a release: the fence of what it ends, if it is known.
    pub(super) fence: Option<u64>,
    /// What ends by it, as far as it was known: a server that forgot the grant must be told of
    /// it first, or it does not learn how it ended.
    pub(super) ended: Vec<Hold>,
}

impl Change {
    /// With which token something ends by it.
    pub(super) fn ends(&self) -> Option<Token> {
        match &self.request {
            Request::Release { token, .. } | Request::Died(token) => Some(*token),
            _ => None,
        }
    }
}

/// A name that was given back and is not held: an earlier agent may have released it.
#[derive(Debug)]
pub(crate) struct Doubt {
    pub(crate) to: To,
    pub(crate) name: String,
    pub(crate) fence: u64,
}

/// One pool.
#[derive(Debug)]
pub(crate) struct Pool {
    pub(super) key: Key,
    pub(super) host: String,
    pub(super) lease: Duration,
    /// What is known to be there, unless somebody has changed it since.
    pub(super) page: Option<Page>,
    /// The one before, for messages to people.
    pub(super) before: Option<Page>,
    /// Whether it was read in this turn.
    pub(super) fresh: bool,
    /// The code that the pool depends on, as it was seen last.
    pub(super) code: Option<Code>,
    /// The process of the server that was told all of this pool.
    pub(super) said: Option<Start>,
    /// A change whose outcome is not known was made of the document with this tag.
    pub(super) unsettled: Option<Option<Tag>>,
    pub(super) asked: Vec<Asked>,
    pub(super) known: Vec<Held>,
    pub(super) presented: Vec<Presented>,
    pub(super) changes: Vec<Change>,
    /// What the journal is to be asked about.
    pub(crate) doubts: Vec<Doubt>,
    /// Tokens with which something has ended.
    pub(crate) settled: Vec<Token>,
    pub(super) reads: Vec<(To, Read)>,
    pub(super) events: Vec<Event>,
    pub(super) numbers: u64,
    pub(super) answers: Vec<(To, Answer)>,
    /// What it sees of other machines.
    pub(crate) observer: Observer,
    /// So many changes in a row were overtaken by those of others; and when one was last.
    pub(crate) overtaken: u32,
    pub(crate) overtaken_at: Option<Duration>,
    /// It is to be looked at, whatever is known: somebody who has changed it has said so.
    pub(crate) is_hinted: bool,
    /// Something is to be asked of the server.
    pub(crate) dirty: bool,
    /// Nothing is asked before.
    pub(crate) not_before: Duration,
    /// When it was last read.
    pub(crate) read_at: Duration,
    /// Somebody went away without what it wanted, and looks on until then, for those who come
    /// after: whoever is silent, or a server that has just started, is watched for long.
    pub(crate) looks_until: Duration,
    /// When something was last asked.
    pub(crate) used_at: Duration,
}

impl Pool {
    pub(crate) fn new(key: Key, host: &str, lease: Duration) -> Self {
        Self {
            key,
            host: host.to_owned(),
            lease,
            page: None,
            before: None,
            fresh: false,
            code: None,
            said: None,
            unsettled: None,
            asked: Vec::new(),
            known: Vec::new(),
            presented: Vec::new(),
            changes: Vec::new(),
            doubts: Vec::new(),
            settled: Vec::new(),
            reads: Vec::new(),
            events: Vec::new(),
            numbers: 0,
            answers: Vec::new(),
            observer: Observer::new(lease),
            overtaken: 0,
            overtaken_at: None,
            is_hinted: false,
            dirty: true,
            not_before: Duration::ZERO,
            read_at: Duration::ZERO,
            looks_until: Duration::ZERO,
            used_at: Duration::ZERO,
        }
    }

    /// What is to be said since the last time.
    pub(crate) fn answers(&mut self) -> Vec<(To, Answer)> {
        std::mem::take(&mut self.answers)
    }

    pub(super) fn answer(&mut self, to: Option<To>, answer: Answer) {
        self.answers.extend(to.map(|to| (to, answer)));
    }

    /// The connections are gone, and with them what was known.
    pub(crate) fn cut(&mut self) {
        (self.page, self.before) = (None, None);
        self.code = None;
        self.said = None;
        self.dirty = true;
        self.not_before = Duration::ZERO;
        self.stop_leaving();
    }

    /// Those that give up while the server is away do not wait for it.
    pub(crate) fn stop_leaving(&mut self) {
        let left: Vec<_> = self.asked.iter_mut().map(|it| it.leave.take()).collect();
        for to in left {
            self.answer(to, Answer::Done);
        }
    }

    /// The tag of what is known.
    pub(crate) fn tag(&self) -> Option<Option<Tag>> {
        self.page.as_ref().map(|page| page.tag)
    }

    /// What was known was overtaken.
    pub(crate) fn forget_page(&mut self) {
        if let Some(page) = self.page.take() {
            self.before = Some(page);
        }
    }

    /// Whether it must be read before anything else is done: also if names were not granted when
    /// it was read last, which ends without a change of the pool.
    pub(crate) fn must_read(&self) -> bool {
        let is_calm = |page: &Page| page.look.server.is_calm(page.look.start);
        !self.page.as_ref().is_some_and(is_calm) || !self.reads.is_empty()
    }

    /// Somebody has changed it for one who waits here. What is read from now on shows it; what is
    /// on its way may not.
    pub(crate) fn hint(&mut self) {
        self.is_hinted |= self.is_awaited();
    }

    /// Whether there is something to change, as far as can be said without a look.
    pub(crate) fn has_changes(&self) -> bool {
        let is_new = |asked: &Asked| asked.given_up || asked.place.is_none();
        let is_changed = !self.changes.is_empty() || !self.presented.is_empty();
        is_changed || self.unsettled.is_some() || self.asked.iter().any(is_new)
    }

    /// The tokens of requests that wait for names.
    pub(crate) fn awaited(&self) -> impl Iterator<Item = Token> {
        let awaited = self.asked.iter().filter(|asked| !asked.given_up);
        awaited.map(|asked| asked.join.token)
    }

    /// Whether a request waits for what its pool's allocator decides.
    pub(crate) fn asks_allocator(&self) -> bool {
        let mut asked = self.asked.iter().filter(|asked| !asked.given_up);
        asked.any(|asked| asked.join.wants == Wanted::Assigned)
    }

    /// The code that the pool depends on, for a process that waits in it: as it was when it was put
    /// into the line, or later.
    pub(super) fn code_for(&self, client: Client) -> Option<&Code> {
        let is_its = |asked: &Asked| {
            let to = asked.to.filter(|_| asked.place.is_some());
            to.is_some_and(|to| to.client == client)
        };
        let mut asked = self.asked.iter();
        self.code.as_ref().filter(|_| asked.any(is_its))
    }

    /// Whether a request waits for names.
    pub(crate) fn is_awaited(&self) -> bool {
        self.awaited().next().is_some()
    }

    /// Whether nothing is held, awaited or asked.
    pub(crate) fn is_idle(&self) -> bool {
        self.asked.is_empty()
            && self.known.is_empty()
            && self.presented.is_empty()
            && self.changes.is_empty()
            && self.doubts.is_empty()
            && self.reads.is_empty()
            && self.events.is_empty()
            && self.unsettled.is_none()
    }

    /// Whether a process holds something, or waits for an answer.
    pub(crate) fn is_of_somebody(&self) -> bool {
        let is_presented = self.presented.iter().any(|it| !it.holds.is_empty());
        let is_asked = self.changes.iter().any(|change| change.to.is_some());
        self.is_awaited()
            || !self.known.is_empty()
            || !self.reads.is_empty()
            || !self.doubts.is_empty()
            || is_presented
            || is_asked
    }

    /// Whether anything is held, awaited or about to end with this token.
    pub(crate) fn has(&self, token: Token) -> bool {
        let mut changes = self.changes.iter();
        let mut presented = self.presented.iter().flat_map(|it| &it.holds);
        self.asked.iter().any(|asked| asked.join.token == token)
            || self.known.iter().any(|it| it.grant.hold.token == token)
            || presented.any(|hold| hold.token == token)
            || changes.any(|change| change.ends() == Some(token))
    }

    /// Somebody went away without what it wanted.
    pub(crate) fn look_on(&mut self, time: Duration) {
        self.looks_until = time + self.lease * 2;
    }

    /// Whether this process of the server was told all of it.
    pub(crate) fn is_said_to(&self, start: Start) -> bool {
        self.said == Some(start)
    }

    /// It has nothing to tell to this one.
    pub(crate) fn set_said(&mut self, start: Start) {
        self.said = Some(start);
    }

    /// Whether there is somebody who may have to be declared dead, or a server that others may
    /// have to say again to what they hold.
    pub(crate) fn is_worth_a_look(&self, own: Session) -> bool {
        self.page.as_ref().is_none_or(|page| {
            let calm = page.look.server.is_calm(page.look.start);
            let others = page.look.sessions.keys().any(|session| *session != own);
            !calm || others
        })
    }

    /// The tokens of a connection that has ended: what is held or awaited with them.
    pub(crate) fn disconnect(&mut self, client: Client) -> Vec<Token> {
        let mut tokens = Vec::new();
        for asked in &mut self.asked {
            asked.leave = asked.leave.filter(|to| to.client != client);
            if asked.to.is_some_and(|to| to.client == client) {
                asked.to = None;
                tokens.push(asked.join.token);
            }
        }
        for held in &mut self.known {
            if held.client == Some(client) {
                held.client = None;
                tokens.push(held.grant.hold.token);
            }
        }
        for presented in &self.presented {
            if presented.to.is_some_and(|to| to.client == client) {
                tokens.extend(presented.holds.iter().map(|hold| hold.token));
            }
        }
        tokens
    }

    /// Whether there is anything of this token whose process is not connected.
    pub(crate) fn is_orphan(&self, token: Token, connected: impl Fn(Client) -> bool) -> bool {
        let is_gone = |client: Option<Client>| client.is_none_or(|client| !connected(client));
        let asked = |asked: &Asked| {
            let client = asked.to.map(|to| to.client);
            asked.join.token == token && !asked.given_up && is_gone(client)
        };
        let held = |held: &Held| held.grant.hold.token == token && is_gone(held.client);
        let presented = |presented: &Presented| {
            let has = presented.holds.iter().any(|hold| hold.token == token);
            has && is_gone(presented.to.map(|to| to.client))
        };
        self.asked.iter().any(asked)
            || self.known.iter().any(held)
            || self.presented.iter().any(presented)
    }
}
