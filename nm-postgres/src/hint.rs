//! Hints: what a session is told by those who change its pools. A hint only makes a look come
//! sooner. One that gets lost costs the time until the next look, and one that lies costs a look.

use nm_register::Session;
use tokio_postgres::types::Type;

use crate::connection::{Connection, Parameter};
use crate::error::Error;

/// $1 session.
const HEARS: &str = "UPDATE name_manager.session SET who = who || '{\"hears\": true}' \
     WHERE id = $1::text::uuid RETURNING set_config('synchronous_commit', 'local', true)";

/// PostgreSQL takes less than 8000 bytes.
const LONGEST: usize = 7900;

/// What a session is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hint {
    /// To look at a pool: the project, and the pool in it.
    Pool(String, String),
    /// To look at all.
    All,
    /// What it has told itself, with this number.
    Echo(u64),
}

impl Hint {
    /// To look at a pool.
    pub(crate) fn of(space: &str, pool: &str) -> String {
        let text = serde_json::to_string(&(space, pool)).expect("they are texts");
        match text.len() <= LONGEST {
            true => text,
            false => String::new(),
        }
    }

    pub(crate) fn parse(text: &str) -> Self {
        if let Ok(number) = text.parse() {
            return Self::Echo(number);
        }
        let key = serde_json::from_str(text);
        key.map_or(Self::All, |(space, pool)| Self::Pool(space, pool))
    }
}

/// Where a session is told. It is of its own, so that nobody else is woken.
pub(crate) fn channel(session: Session) -> String {
    format!("name_manager_{session}")
}

impl Connection {
    /// Asks for the hints of a session, over this connection: see
    /// [`Connection::open_with`].
    ///
    /// # Errors
    ///
    /// If the server does not answer, or cannot.
    pub async fn listen(&self, session: Session) -> Result<(), Error> {
        self.batch(&format!("LISTEN {}", channel(session))).await
    }

    /// Tells a session this number: whether hints come at all is not to be known otherwise. A
    /// pooler takes a `LISTEN`, and forgets it.
    ///
    /// # Errors
    ///
    /// If the server does not answer, or does not let it.
    pub async fn echo(&self, session: Session, number: u64) -> Result<(), Error> {
        let (channel, number) = (channel(session), number.to_string());
        let parameters: [Parameter<'_>; 2] = [(&channel, Type::TEXT), (&number, Type::TEXT)];
        let told = self.query("SELECT pg_notify($1, $2)", &parameters);
        told.await.map(drop)
    }

    /// Says to all others that a session hears hints: no other one is told any. It is said of one
    /// whose connection is gone, too, until it ends.
    ///
    /// # Errors
    ///
    /// If the server does not answer.
    pub async fn hears(&self, session: Session) -> Result<(), Error> {
        let session = session.to_string();
        let parameters: [Parameter<'_>; 1] = [(&session, Type::TEXT)];
        self.query(HEARS, &parameters).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_is_read_as_it_was_written() {
        let told = |space: &str, pool: &str| Hint::parse(&Hint::of(space, pool));
        let pool = |space: &str, pool: &str| Hint::Pool(space.to_owned(), pool.to_owned());
        assert_eq!(told("acme/shop", "db"), pool("acme/shop", "db"));
        assert_eq!(told("a\n\"", ""), pool("a\n\"", ""));
        assert_eq!(told(&"a".repeat(8000), "db"), Hint::All);
        assert_eq!(Hint::parse("17"), Hint::Echo(17));
        assert_eq!(Hint::parse("what somebody else says"), Hint::All);
    }
}
