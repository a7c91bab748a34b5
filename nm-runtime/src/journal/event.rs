use std::fmt;

use nojson::{DisplayJson, JsonFormatter, JsonParseError, RawJsonValue};

use crate::identity::{Holder, now};
use crate::record::FORMAT;

macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $kind:ident = $text:literal,)+) => {
        /// What an event tells of.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Kind {
            $($(#[doc = $doc])+ $kind,)+
        }

        impl Kind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$kind),+];

            /// As the journal writes it.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$kind => $text,)+
                }
            }
        }
    };
}

kinds! {
    /// A request could not be granted at once.
    Waiting = "waiting",
    /// A name was lent.
    Acquired = "acquired",
    /// A name was given back.
    Released = "released",
    /// A request's deadline passed.
    Timeout = "timeout",
    /// A request failed because holders wait for each other in a circle.
    Deadlock = "deadlock",
    /// A holder ended without giving its name back; seen by the next one.
    Died = "died",
    /// The state directory was removed under a holder.
    Lost = "lost",
}

impl Kind {
    /// The kind of that text.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == text)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One line of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// What happened.
    pub kind: Kind,
    /// When, in microseconds since 1970, by the clock of the machine.
    pub time: u64,
    /// The pool.
    pub pool: String,
    /// The name; none while waiting for any.
    pub name: Option<String>,
    /// The name's fence.
    pub fence: Option<u64>,
    /// One per request: what belongs to one `acquire` bears one id.
    pub id: String,
    /// Who: test, process, run, and where in the source. `since` is not written.
    pub holder: Holder,
    /// More, in words: what is wanted, how long it took, the state after.
    pub detail: Option<String>,
    /// Microseconds that the request waited, in `acquired` and `timeout`.
    pub waited: Option<u64>,
    /// `exclusive` or `shared`, in `waiting`, `acquired` and `released`.
    pub access: Option<String>,
    /// `clean`, `dirty` or `broken`, in `released`.
    pub state: Option<String>,
}

impl Event {
    /// The event as the journal writes it.
    fn entry(&self) -> Entry<'_> {
        Entry {
            time: self.time,
            name: self.name.as_deref(),
            fence: self.fence,
            detail: self.detail.as_deref(),
            waited: self.waited,
            access: self.access.as_deref(),
            state: self.state.as_deref(),
            ..Entry::new(self.kind, &self.pool, &self.id, &self.holder)
        }
    }
}

impl DisplayJson for Event {
    fn fmt(&self, f: &mut JsonFormatter<'_, '_>) -> fmt::Result {
        self.entry().fmt(f)
    }
}

/// An event on its way into the journal: as [`Event`], borrowed.
#[derive(Clone, Copy)]
pub(crate) struct Entry<'a> {
    pub(crate) kind: Kind,
    pub(crate) time: u64,
    pub(crate) pool: &'a str,
    pub(crate) name: Option<&'a str>,
    pub(crate) fence: Option<u64>,
    pub(crate) id: &'a str,
    pub(crate) holder: &'a Holder,
    pub(crate) detail: Option<&'a str>,
    pub(crate) waited: Option<u64>,
    pub(crate) access: Option<&'a str>,
    pub(crate) state: Option<&'a str>,
}

impl<'a> Entry<'a> {
    /// An event of now.
    pub(crate) fn new(kind: Kind, pool: &'a str, id: &'a str, holder: &'a Holder) -> Self {
        Self {
            kind,
            time: now(),
            pool,
            name: None,
            fence: None,
            id,
            holder,
            detail: None,
            waited: None,
            access: None,
            state: None,
        }
    }
}

impl DisplayJson for Entry<'_> {
    fn fmt(&self, f: &mut JsonFormatter<'_, '_>) -> fmt::Result {
        f.object(|f| {
            f.member("v", FORMAT)?;
            f.member("t", self.time)?;
            f.member("kind", self.kind.as_str())?;
            f.member("pool", self.pool)?;
            let texts = [
                ("name", self.name),
                ("access", self.access),
                ("state", self.state),
                ("detail", self.detail),
            ];
            for (key, text) in texts {
                if let Some(text) = text {
                    f.member(key, text)?;
                }
            }
            for (key, number) in [("fence", self.fence), ("waited", self.waited)] {
                if let Some(number) = number {
                    f.member(key, number)?;
                }
            }
            f.member("id", self.id)?;
            f.member("test", &self.holder.test)?;
            f.member("pid", self.holder.pid)?;
            f.member("token", &self.holder.token)?;
            f.member("run", &self.holder.run)?;
            f.member("file", &self.holder.file)?;
            f.member("line", self.holder.line)
        })
    }
}

impl TryFrom<RawJsonValue<'_, '_>> for Event {
    type Error = JsonParseError;

    fn try_from(value: RawJsonValue<'_, '_>) -> Result<Self, JsonParseError> {
        let kind = value.to_member("kind")?.required()?;
        let text = |key| -> Result<Option<String>, JsonParseError> {
            value.to_member(key)?.map(String::try_from)
        };
        let number = |key| -> Result<Option<u64>, JsonParseError> {
            value.to_member(key)?.map(u64::try_from)
        };
        Ok(Self {
            kind: Kind::parse(&kind.to_unquoted_string_str()?)
                .ok_or_else(|| kind.invalid("unknown kind"))?,
            time: value.to_member("t")?.required()?.try_into()?,
            pool: value.to_member("pool")?.required()?.try_into()?,
            name: text("name")?,
            fence: number("fence")?,
            id: value.to_member("id")?.required()?.try_into()?,
            holder: Holder {
                test: value.to_member("test")?.required()?.try_into()?,
                pid: value.to_member("pid")?.required()?.try_into()?,
                token: value.to_member("token")?.required()?.try_into()?,
                run: value.to_member("run")?.required()?.try_into()?,
                file: value.to_member("file")?.required()?.try_into()?,
                line: value.to_member("line")?.required()?.try_into()?,
                since: 0,
            },
            detail: text("detail")?,
            waited: number("waited")?,
            access: text("access")?,
            state: text("state")?,
        })
    }
}
