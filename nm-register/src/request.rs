//! What is asked of a pool, and the answers.

use serde::{Deserialize, Serialize};

use crate::document::{Code, Hold, Place, Waiter};
use crate::failure::Failure;
use crate::id::Token;
use crate::names::Spec;
use crate::record::{Record, State};

/// One change of a pool. Asked twice with the same token, it is done once.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Request {
    /// Asks for names.
    Join {
        /// Who asks, and for what. Its session is that of who decides.
        waiter: Box<Waiter>,
        /// The pool's names, as the waiter knows them; `None` for a lock.
        spec: Option<Spec>,
        /// Of one that wants what the pool's allocator decides.
        assign: Option<Assign>,
        /// Whether it waits if they are not free.
        waits: bool,
    },
    /// Gives up waiting.
    Leave(Token),
    /// Releases one name.
    Release {
        /// Whose.
        token: Token,
        /// Which.
        name: String,
        /// How.
        after: After,
    },
    /// A process ended with all that it held and waited for under this token.
    Died(Token),
    /// A first reader has made the name ready: lets others in.
    Share {
        /// Whose.
        token: Token,
        /// Which.
        name: String,
    },
    /// Changes what is known of a held name, if that is still what it `was`.
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
    /// Says, for people and the search for deadlocks, what the holder of a name does.
    Publish {
        /// Whose.
        token: Token,
        /// Which.
        name: String,
        /// What it waits for.
        waiting: Option<String>,
        /// When the body of its test ended, if the lease has outlived it.
        body_ended: Option<u64>,
    },
    /// Declares what code the pool depends on.
    Declare(Code),
    /// Replaces one of the texts that the engine keeps beside the names.
    Note {
        /// Which.
        key: String,
        /// As it is known; it is not replaced if it is another by now.
        was: Option<String>,
        /// `None`: removes it.
        value: Option<String>,
        /// Only as long as this token holds this lock.
        holding: Option<(Token, String)>,
    },
    /// All of this session that is not over. What else it holds or waits for ends.
    Keep {
        /// Names that it holds, as far as its agent knows.
        held: Vec<(Token, String)>,
        /// Requests that wait, or were granted without its agent knowing yet.
        asked: Vec<Token>,
    },
    /// What this session holds and waits for, whatever the document says. Also takes over
    /// what an earlier session of the same machine held.
    Again {
        /// With their fences. A reader that has asked to share is not alone.
        holds: Vec<Hold>,
        /// They join anew if they are gone.
        waiters: Vec<Waiter>,
    },
    /// Forgets what is known about free names; about none while one is lent or awaited,
    /// unless forced.
    Forget {
        /// Also if some are lent.
        force: bool,
    },
    /// Changes nothing but the tag: a swap that is still on its way finds another one.
    Settle,
}

/// What a program knows of its pool's allocator.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Assign {
    /// Where it is. Declared, unless somebody holds a name without its knowledge.
    pub allocator: Place,
    /// What it has decided, if it was asked.
    pub decision: Option<Decision>,
}

/// What an allocator has decided for a request. Done whole or not at all: only if all is as
/// it was when the allocator was asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Decision {
    /// The name.
    pub name: String,
    /// The decisions that were in force: the text with the key [`DECISIONS`].
    pub was: Option<String>,
    /// Those that are in force with this one.
    pub decisions: String,
    /// The names that are lent by them, without this one. Nobody else holds one by the
    /// allocator's word: it would not know of that.
    pub out: Vec<String>,
    /// The requests that are passed.
    pub passed: Vec<Token>,
}

/// The key of the text that has an allocator's decisions in force.
pub const DECISIONS: &str = "decisions";

/// How a lease ends.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct After {
    /// The name's state.
    pub state: State,
    /// Why, unless it is clean.
    pub reason: Option<String>,
    /// The name is not ready yet: its state stays what it was.
    pub as_it_was: bool,
}

/// What came of a request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Done, or done before.
    Done,
    /// The token holds its names.
    Granted,
    /// The token is in the line.
    Waiting,
    /// Not free, and the request does not wait.
    Busy,
    /// No request like this can be granted.
    Failed(Failure),
    /// The token does not hold that, or does not wait.
    Gone,
    /// It is not any more what it was.
    Changed,
    /// Refused.
    Refused(Refusal),
    /// These leases are lost: others were lent the names, or may have been.
    Lost(Vec<(Token, String)>),
    /// These names are forgotten, and those are lent.
    Forgotten {
        /// Names that are as if they had never been lent.
        names: Vec<String>,
        /// Names that are lent.
        lent: Vec<String>,
        /// There are waiters, who must not be overtaken: all names were left.
        awaited: bool,
    },
}

/// Why something is not done at all.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// Others use the pool with other names.
    Names(Spec),
    /// This session was declared dead.
    Dead,
    /// The pool has no names: none were said.
    NoNames,
}
