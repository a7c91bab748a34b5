use name_manager::{BoxError, FromLease, Lease};
use postgres::Client;

use crate::server::Server;

/// A bank of one's own: a database without accounts.
///
/// Tests are lent names, not connections: a connection cannot go from process to
/// process, a name can.
pub struct Bank {
    client: Option<Client>,
    server: Option<Server>,
    lease: Lease,
}

impl FromLease for Bank {
    fn from_lease(lease: Lease) -> Result<Self, BoxError> {
        let server = Server::find()?;
        let client = match &server {
            Some(server) => Some(server.connect(&lease)?),
            None => None,
        };
        Ok(Self {
            client,
            server,
            lease,
        })
    }
}

impl Bank {
    /// Its connection; none where there is no PostgreSQL: then the test is skipped.
    pub fn client(&mut self) -> Option<&mut Client> {
        self.client.as_mut()
    }

    /// One more connection to the same database.
    ///
    /// # Errors
    ///
    /// When the server does not answer, or there is none.
    pub fn another_client(&self) -> Result<Client, BoxError> {
        let server = self.server.as_ref().ok_or("there is no PostgreSQL")?;
        server.connect(&self.lease)
    }
}
