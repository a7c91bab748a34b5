use std::fmt;

use super::Fields;

/// What happened to machines and to their server: faults, as who makes them says; and what the
/// server did, as the server says itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Site {
    /// A fault is about to begin.
    FaultBegins {
        /// Its number, one in its round.
        id: u64,
        /// Of which kind.
        kind: String,
        /// The machine, or `server`.
        on: String,
    },
    /// It is over.
    FaultEnds(u64),
    /// The server has forgotten the last changes that it had acknowledged.
    Forgets,
    /// A beat of a session was taken.
    Beat {
        /// The session.
        session: String,
        /// Its machine.
        on: String,
    },
    /// A session was declared dead.
    Buried(String),
    /// A name was lent, or is a later session's from here on.
    Lent {
        /// To which session.
        session: String,
        /// The name.
        name: String,
        /// With this fence.
        fence: u64,
    },
    /// It is lent no more.
    Freed {
        /// The name.
        name: String,
        /// The fence that it was lent with.
        fence: u64,
    },
}

impl Site {
    pub(super) fn parse(word: &str, fields: &Fields<'_>) -> Result<Self, String> {
        let text = |key| fields.text(key);
        Ok(match word {
            "fault" => Self::FaultBegins {
                id: fields.number("id")?,
                kind: text("kind")?,
                on: text("on")?,
            },
            "mended" => Self::FaultEnds(fields.number("id")?),
            "forgets" => Self::Forgets,
            "beat" => Self::Beat {
                session: text("session")?,
                on: text("on")?,
            },
            "buried" => Self::Buried(text("session")?),
            "lent" => Self::Lent {
                session: text("session")?,
                name: text("name")?,
                fence: fields.number("fence")?,
            },
            "freed" => Self::Freed {
                name: text("name")?,
                fence: fields.number("fence")?,
            },
            unknown => return Err(format!("unknown event `{unknown}`")),
        })
    }
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FaultBegins { id, kind, on } => write!(f, "fault id={id} kind={kind} on={on}"),
            Self::FaultEnds(id) => write!(f, "mended id={id}"),
            Self::Forgets => f.write_str("forgets"),
            Self::Beat { session, on } => write!(f, "beat session={session} on={on}"),
            Self::Buried(session) => write!(f, "buried session={session}"),
            Self::Lent {
                session,
                name,
                fence,
            } => write!(f, "lent session={session} name={name} fence={fence}"),
            Self::Freed { name, fence } => write!(f, "freed name={name} fence={fence}"),
        }
    }
}
