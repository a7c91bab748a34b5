use std::fmt;

use tokio_postgres::error::SqlState;

/// What a failure means for who sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The address, or a file that it names, is wrong.
    Config,
    /// Nobody answers there, or the answer did not come.
    Unreachable,
    /// It cannot prove who it is, or is not asked to.
    Untrusted,
    /// The server lets this user not in.
    Login,
    /// The server has no connection left.
    Full,
    /// It takes no changes: a standby.
    ReadOnly,
    /// It has no tables of ours.
    Missing,
    /// Its tables are newer than this program.
    TooNew,
    /// The user may not use the tables, or not make them.
    Rights,
    /// A row is not what we wrote.
    Damaged,
    /// The server failed otherwise.
    Server,
}

/// A failure, with the server that it is about and what to do.
#[derive(Debug)]
pub struct Error {
    kind: Kind,
    message: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            source: None,
        }
    }

    pub(crate) fn because(
        self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self {
            source: Some(source.into()),
            ..self
        }
    }

    /// A failure of a statement, or of the connection, at the server that is shown so.
    pub(crate) fn of(server: &str, error: tokio_postgres::Error) -> Self {
        let Some(state) = error.code() else {
            let message = match error.is_closed() {
                true => format!("the connection to {server} is gone"),
                false => format!("failed to talk to {server}"),
            };
            return Self::new(Kind::Unreachable, message).because(error);
        };
        let (kind, message) = match state {
            &SqlState::INVALID_PASSWORD | &SqlState::INVALID_AUTHORIZATION_SPECIFICATION => (
                Kind::Login,
                format!("{server} refuses the user or its password"),
            ),
            &SqlState::INVALID_CATALOG_NAME => {
                (Kind::Login, format!("{server}: there is no such database"))
            }
            &SqlState::TOO_MANY_CONNECTIONS => (
                Kind::Full,
                format!("{server} has no connection left; raise `max_connections`, or end others"),
            ),
            &SqlState::READ_ONLY_SQL_TRANSACTION => (Kind::ReadOnly, Self::read_only(server)),
            &SqlState::UNDEFINED_TABLE
            | &SqlState::INVALID_SCHEMA_NAME
            | &SqlState::UNDEFINED_COLUMN => (Kind::Missing, Self::missing(server)),
            &SqlState::INSUFFICIENT_PRIVILEGE => {
                (Kind::Rights, format!("{server}: the user may not do this"))
            }
            &SqlState::CANNOT_CONNECT_NOW
            | &SqlState::ADMIN_SHUTDOWN
            | &SqlState::CRASH_SHUTDOWN => (
                Kind::Unreachable,
                format!("{server} is starting or stopping"),
            ),
            // What a pooler says when it has lost the server.
            _ if state.code().starts_with("08") => (
                Kind::Unreachable,
                format!("the connection to {server} failed"),
            ),
            _ => (Kind::Server, format!("{server} failed")),
        };
        Self::new(kind, message).because(error)
    }

    pub(crate) fn read_only(server: &str) -> String {
        format!("{server} takes no changes: it is a standby; name the primary")
    }

    pub(crate) fn missing(server: &str) -> String {
        format!(
            "{server} has no tables of name-manager; let somebody who may create a schema there run `name-manager server init`"
        )
    }

    /// What it means.
    pub fn kind(&self) -> Kind {
        self.kind
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        let source = self.source.as_deref();
        source.map(|source| source as &(dyn std::error::Error + 'static))
    }
}
