//! Sessions that hear hints.

use nm_register::Session;
use tokio_postgres::types::Type;

use crate::connection::{Connection, Parameter};
use crate::error::Error;
use crate::hint::channel;

/// $1 session.
const HEARS: &str = "UPDATE name_manager.session SET who = who || '{\"hears\": true}' \
     WHERE id = $1::text::uuid RETURNING set_config('synchronous_commit', 'local', true)";

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
