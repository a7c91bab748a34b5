use std::fmt;
use std::future::poll_fn;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::JoinHandle;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{AsyncMessage, Client, NoTls, Row};

use crate::address::Address;
use crate::error::{Error, Kind};
use crate::hint::Hint;
use crate::tls;

/// A value of a statement.
pub(crate) type Parameter<'a> = (&'a (dyn ToSql + Sync), Type);

/// `jsonb`, which people make of it, has no NUL. A test's message may have one.
pub(crate) fn stored(json: String) -> String {
    json.replace("\\u0000", "\\ufffd")
}

/// One connection to a server. Every statement is a transaction of its own.
pub struct Connection {
    pub(crate) client: Client,
    server: String,
    task: JoinHandle<()>,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Connection({})", self.server)
    }
}

impl Connection {
    /// Connects. In a runtime of tokio, which drives the connection.
    ///
    /// # Errors
    ///
    /// If nobody answers, if the server lets the user not in, or cannot prove who it is.
    pub async fn open(address: &Address) -> Result<Self, Error> {
        Self::open_with(address, None).await
    }

    /// The same, with who is told the [`Hint`]s of this connection.
    ///
    /// # Errors
    ///
    /// As of [`Connection::open`].
    pub async fn open_with(
        address: &Address,
        hints: Option<UnboundedSender<Hint>>,
    ) -> Result<Self, Error> {
        let server = address.to_string();
        let (client, task) = match &address.tls {
            None => {
                let connected = address.config.connect(NoTls).await;
                let (client, connection) = connected.map_err(|error| failed(&server, error))?;
                (client, tokio::spawn(drive(connection, hints)))
            }
            Some(trust) => {
                let connected = address.config.connect(tls::connector(trust)?).await;
                let (client, connection) = connected.map_err(|error| failed(&server, error))?;
                (client, tokio::spawn(drive(connection, hints)))
            }
        };
        Ok(Self {
            client,
            server,
            task,
        })
    }

    pub(crate) fn server(&self) -> &str {
        &self.server
    }

    pub(crate) async fn query(
        &self,
        statement: &str,
        parameters: &[Parameter<'_>],
    ) -> Result<Vec<Row>, Error> {
        // No prepared statement: a pooler may give the next one to another process.
        let rows = self.client.query_typed(statement, parameters).await;
        rows.map_err(|error| self.failed(error))
    }

    pub(crate) async fn batch(&self, statements: &str) -> Result<(), Error> {
        let done = self.client.batch_execute(statements).await;
        done.map_err(|error| self.failed(error))
    }

    pub(crate) fn failed(&self, error: tokio_postgres::Error) -> Error {
        Error::of(&self.server, error)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Until the connection ends, which the statement that waits for an answer sees.
async fn drive<S, T>(
    mut connection: tokio_postgres::Connection<S, T>,
    hints: Option<UnboundedSender<Hint>>,
) where
    S: AsyncRead + AsyncWrite + Unpin,
    T: AsyncRead + AsyncWrite + Unpin,
{
    while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
        if let (AsyncMessage::Notification(told), Some(hints)) = (message, &hints) {
            // Whoever does not hear them any more has ended.
            let _ = hints.send(Hint::parse(told.payload()));
        }
    }
}

fn failed(server: &str, error: tokio_postgres::Error) -> Error {
    if error.code().is_some() {
        return Error::of(server, error);
    }
    if is_of_tls(&error) {
        return Error::new(
            Kind::Untrusted,
            format!("{server} does not prove who it is; name the file with its authority's certificate in `sslrootcert`, and the host as its certificate does"),
        )
        .because(error);
    }
    let source = std::error::Error::source(&error).map(|source| source.to_string());
    let wants_password = source.as_deref() == Some("password missing");
    match wants_password {
        true => Error::new(
            Kind::Login,
            format!(
                "{server} wants a password; write it into a file that PGPASSFILE names, or into the address"
            ),
        ),
        false => {
            Error::new(Kind::Unreachable, format!("failed to connect to {server}")).because(error)
        }
    }
}

fn is_of_tls(error: &tokio_postgres::Error) -> bool {
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        // What an `io::Error` holds is not among its sources.
        let held = error
            .downcast_ref::<std::io::Error>()
            .and_then(std::io::Error::get_ref);
        if error.is::<rustls::Error>() || held.is_some_and(|held| held.is::<rustls::Error>()) {
            return true;
        }
        cause = error.source();
    }
    false
}
