//! What an agent and the processes of its machine say to each other: lines of JSON over a
//! socket. A process keeps one connection, for all its pools, for as long as it holds or
//! waits for anything.
//!
//! The first line of each side is a greeting. Then the process asks, each time with another
//! number, and the agent answers with that number. A request that waits is answered once when
//! it has joined the line, and again whenever its place has changed, until it is granted,
//! fails, or leaves. One that wants what the pool's allocator decides is also told what that is
//! to decide on, whenever it has changed; its process asks the allocator, and says the request
//! again with what it has decided: answered by `busy` if that came too late. What the agent says with the number 0 was not asked for.
//!
//! A process proves that it lives by a file in the agent's directory that it has locked before
//! it asks, one for each token: a connection that ends and whose file is not locked any more
//! is a death. If the agent ends, the process starts another one, and presents there what it
//! holds and waits for. What it gives back it writes into that file first, a line each
//! ([`Released`]), and from then on leaves the file to the agent, which removes it when the
//! server has the release: what an agent had not yet done when it was killed, the next one does.

use nm_register::{
    Access, After, Assign, Code, Event, Failure, Hold, Place as CodePlace, Record, Spec, Token,
    Waiter, Wanted, Who,
};
use serde::{Deserialize, Serialize};

/// The version of these lines.
///
/// 1: the first.
pub const VERSION: u32 = 1;

/// The first line of a process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// The version of its lines.
    pub v: u32,
    /// The version of its program, for people.
    pub program: String,
}

/// The first line of an agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Greeting {
    /// It serves.
    Welcome(Welcome),
    /// It does not: the versions differ, or the agent is about to end, and another one is to be
    /// started.
    Refused(Fault),
}

/// What a process learns first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    /// The version of the agent's lines.
    pub v: u32,
    /// The server, as people see it: `db.example.org:5432/ci as ci`.
    pub server: String,
    /// This machine, as people see it.
    pub host: String,
    /// For how long others hear nothing before they lend on what a machine holds, in
    /// milliseconds.
    pub lease: u64,
}

/// A line of a process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// Above 0, and another one for each line.
    pub id: u64,
    /// The project whose pool it is.
    pub space: String,
    /// The pool.
    pub pool: String,
    /// What is asked.
    pub ask: Ask,
}

/// What is asked of a pool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ask {
    /// Asks for names, or for a lock: a name that begins with `#`.
    Join(Box<Join>),
    /// Gives up waiting. Answered by `done`, or by `granted` if that was quicker; the number of
    /// the request that waited is answered no more.
    Leave(Token),
    /// Releases one name.
    Release {
        /// Whose.
        token: Token,
        /// Which.
        name: String,
        /// The fence with which it was granted. Who says it is told of a release that was made
        /// before, by an earlier agent, too, that it is done.
        #[serde(default)]
        fence: Option<u64>,
        /// How.
        after: After,
        /// Whether the answer comes only when the server has it. If not, the agent answers at
        /// once, and sees to it.
        durable: bool,
    },
    /// A first reader has made the name ready: lets others in.
    Share {
        /// Whose.
        token: Token,
        /// Which.
        name: String,
    },
    /// Changes what is known of a held name, if that is still what it `was`. Answered by
    /// `done`, `changed` or `gone`.
    Change {
        /// Whose.
        token: Token,
        /// Which.
        name: String,
        /// As the holder knows it.
        was: Box<Record>,
        /// As it shall be.
        record: Box<Record>,
    },
    /// Says what the holder of a name does, for people and the search for deadlocks. Answered
    /// at once.
    Publish {
        /// Whose.
        token: Token,
        /// Which.
        name: String,
        /// What it waits for: the engine's own `Waiting` as JSON.
        waiting: Option<String>,
        /// When the body of its test ended, if the lease has outlived it.
        body_ended: Option<u64>,
    },
    /// Declares what code the pool depends on. Answered by `code`: what had been declared.
    Declare(Code),
    /// What code the pool depends on. Answered by `code`.
    Code,
    /// What the pool's allocator is to decide on. Answered by `scene`.
    Scene,
    /// Replaces one of the texts that the engine keeps beside the names, if it is still what it
    /// `was`. Answered by `done`, or by `note` with what it is instead, or by `gone` if the lock
    /// is not held.
    Note {
        /// Which.
        key: String,
        /// As it is known.
        was: Option<String>,
        /// `None`: removes it.
        value: Option<String>,
        /// Only as long as this token holds this lock.
        holding: Option<(Token, String)>,
    },
    /// One of these texts. Answered by `note`.
    Noted(String),
    /// Whether processes of that run use the pool. Answered by `run`.
    Run(String),
    /// The pool as it is now. Answered by `look`.
    Look,
    /// The same for a message to people: as it was within the last second, and of its queue only the
    /// head.
    Brief,
    /// Writes to the pool's journal. Answered at once.
    Log(Vec<Event>),
    /// The pool's journal from this time on, in microseconds since 1970. Answered by one or more
    /// `events`.
    Events(u64),
    /// The last events of the pool's journal: so many, or as many as one answer takes. Answered
    /// by one `events`.
    LastEvents(u32),
    /// Forgets what is known about free names. Answered by `forgotten`.
    Forget {
        /// Also if some are lent.
        force: bool,
    },
    /// The first that a process says of a pool to an agent that has taken another one's place.
    /// Each lease is the process's own again when this is answered by `done`; or `lost` names
    /// those that are not.
    Present {
        /// What it holds. The session is of no meaning.
        holds: Vec<Hold>,
        /// What it waits for, with the number of the request, which is answered from now on.
        waits: Vec<(u64, Join)>,
        /// The files that prove it, of every token in `holds`.
        locks: Vec<(Token, Lock)>,
    },
}

/// A request for names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Join {
    /// Drawn for it.
    pub token: Token,
    /// The file that is locked as long as the process lives and has not released all.
    pub lock: Lock,
    /// What it wants.
    pub wants: Wanted,
    /// With this access.
    pub access: Access,
    /// Whether the process that asks has the pool's hooks.
    pub has_hooks: bool,
    /// Whether it has its allocator, asked or not.
    #[serde(default)]
    pub has_allocator: bool,
    /// Whether to take names that need no `init` before others.
    pub warm_first: bool,
    /// Whether to take names that are broken in its run, too.
    pub even_broken: bool,
    /// The index of the name to try first.
    pub first: usize,
    /// The request, for people.
    pub request: String,
    /// Who asks, and since when. The agent says which host that is.
    pub who: Who,
    /// The pool's names; `None` for a lock.
    pub spec: Option<Spec>,
    /// Of one that wants what the pool's allocator decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assign: Option<Assign>,
    /// Whether it waits if they are not free.
    pub waits: bool,
}

impl Join {
    /// Whether it wants a lock if that is free, and does not wait otherwise.
    pub(crate) fn tries_lock(&self) -> bool {
        let is_lock = matches!(&self.wants, Wanted::Name(name) if nm_register::is_lock(name));
        is_lock && !self.waits
    }

    /// As the register has it. The session is that of who decides.
    pub fn waiter(&self, session: nm_register::Session, host: &str) -> Waiter {
        Waiter {
            token: self.token,
            session,
            wants: self.wants.clone(),
            access: self.access,
            beside: false,
            failed: None,
            has_hooks: self.has_hooks,
            has_allocator: self.has_allocator,
            warm_first: self.warm_first,
            even_broken: self.even_broken,
            first: self.first,
            id: self.request.clone(),
            who: Who {
                host: host.to_owned(),
                ..self.who.clone()
            },
        }
    }
}

/// A file, `locks/TOKEN` in the agent's directory, as the process sees it: an agent that finds
/// another one there shares no file system with the process, and cannot see whether it lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Lock {
    /// The device.
    pub device: u64,
    /// The file on it.
    pub inode: u64,
}

/// A line of a token's file: what the process gives back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Released {
    /// Which name.
    pub name: String,
    /// How.
    pub after: After,
}

/// A line of an agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// What it answers; 0 if it was not asked.
    pub id: u64,
    /// What it says.
    pub answer: Answer,
}

/// What an agent says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    /// Done, or done before.
    Done,
    /// The token holds these, in the pool's order. The machine's leases were valid when this was
    /// said.
    Granted(Vec<Grant>),
    /// It is in the line.
    Waiting(Place),
    /// Not free, and the request does not wait; or what the allocator had decided came too
    /// late, and if the request waits it still does.
    Busy,
    /// No request like this can be granted.
    Failed(Failure),
    /// Others use the pool with other names: those that they said, and where.
    Disagrees(Spec),
    /// The token does not hold that, or does not wait.
    Gone,
    /// The record is this by now.
    Changed(Box<Record>),
    /// The code that the pool depends on.
    Code(Code),
    /// A text that the engine keeps; `None` if there is none.
    Note(Option<String>),
    /// What an allocator is to decide on: also to each request that waits for it, whenever it
    /// has changed.
    Scene(Box<Scene>),
    /// Whether a run lives.
    Run {
        /// Some process of it uses the pool, or its reaper is at work.
        alive: bool,
        /// It is not over.
        running: bool,
    },
    /// The pool as it is.
    Look(Box<Look>),
    /// Some events, the oldest first.
    Events {
        /// These.
        events: Vec<Event>,
        /// Whether these were the last.
        last: bool,
    },
    /// What was forgotten.
    Forgotten {
        /// Names that are as if they had never been lent.
        names: Vec<String>,
        /// Names that are lent.
        lent: Vec<String>,
        /// There are waiters, who must not be overtaken: all names were left.
        awaited: bool,
    },
    /// These leases are lost: others were lent the names, or may be at any moment. Also unasked.
    Lost {
        /// With their names.
        leases: Vec<(Token, String)>,
        /// How that came, in words.
        why: String,
    },
    /// It cannot be done.
    Fault(Fault),
    /// Something for people who wait, unasked: the server has not been heard of for some time.
    /// `None` once it has been.
    Silence(Option<String>),
}

/// A name that is granted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Its hold.
    pub hold: Hold,
    /// Its index in the pool; 0 for a lock.
    pub index: usize,
    /// What is known of it.
    pub record: Record,
    /// Other holders, for people; not all, if there are many.
    pub others: Vec<Hold>,
}

/// What an allocator is to decide on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scene {
    /// The decisions in force, as text.
    pub decisions: Option<String>,
    /// Where the allocator is, if it was declared.
    pub allocator: Option<CodePlace>,
    /// Who holds what, without locks.
    pub holds: Vec<Hold>,
    /// Who waits for it, in the order in which they came.
    pub line: Vec<(Token, Who)>,
}

/// A place in the line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// So many are served before.
    pub behind: usize,
    /// Who is served first, unless it is the one that asks.
    pub first: Option<Who>,
    /// Whether the name that it waits for beside the queue is reserved for it; `None` if it
    /// waits in the queue.
    pub reserved: Option<bool>,
}

/// A pool as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Look {
    /// Its names, as somebody has said them; `None` if nobody has used it.
    pub spec: Option<Spec>,
    /// Its names that were ever lent, without locks: what is known of each, with its fence.
    pub names: Vec<(String, u64, Record)>,
    /// Who holds what, without locks.
    pub holds: Vec<Hold>,
    /// The line, without those who wait for locks.
    pub line: Vec<Waiter>,
    /// The pool's own life, as the engine has noted it.
    pub life: Option<String>,
    /// Whether somebody holds the lock under which that changes, and so may be running a hook
    /// of the pool's own.
    pub in_life: bool,
    /// Machines that have not been heard of for a while, and for how many milliseconds.
    #[serde(default)]
    pub silent: Vec<(String, u64)>,
    /// Whether nothing is lent, as the server has started anew.
    #[serde(default)]
    pub anew: bool,
}

/// Why something cannot be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// What it means for who asked.
    pub kind: FaultKind,
    /// In one line, with what to do.
    pub message: String,
    /// What it came of.
    pub causes: Vec<String>,
}

/// What a fault means for who asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FaultKind {
    /// The configuration is wrong.
    Config,
    /// The server cannot be used.
    Server,
    /// Nobody answers for the server, or it has no connection left: it may be back soon.
    Away,
    /// Another agent is to be asked: this one ends, or speaks another version.
    Agent,
}
