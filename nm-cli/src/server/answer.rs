//! A connection for one command.

use std::env;
use std::time::Duration;

use nm_postgres::{Address, Connection, Error, Kind, Surroundings};
use tokio::runtime::{Builder, Runtime};

use crate::exit::{Failure, chain, code};

/// The variable that names the server.
const VARIABLE: &str = "NAME_MANAGER_SERVER";

/// A server that accepts and then says nothing is given up after that.
const PATIENCE: Duration = Duration::from_secs(30);

/// The server that this machine's pools are on.
pub fn address() -> Result<Address, Failure> {
    let address = Address::parse(&text()?, &Surroundings::of_this_process());
    address.map_err(|error| {
        let text = format!("variable {VARIABLE}: {}", chain(&error));
        Failure::new(code::USAGE, text)
    })
}

/// Its address as it is written, with a password perhaps.
pub fn text() -> Result<String, Failure> {
    let wrong = |text: &str| Failure::new(code::USAGE, text);
    const WRITE: &str = "set NAME_MANAGER_SERVER to its address, `postgres://USER@HOST:PORT/DATABASE`; a password is better in a file that PGPASSFILE names";
    match env::var_os(VARIABLE).map(|text| text.into_string()) {
        None => Err(wrong(&format!("no server is named; {WRITE}"))),
        Some(Err(_)) => Err(wrong(&format!("variable {VARIABLE} is not UTF-8; {WRITE}"))),
        Some(Ok(text)) if text == "none" => Err(wrong(&format!(
            "variable {VARIABLE} is `none`: pools of a server are pools of this machine alone; to use a server, {WRITE}"
        ))),
        Some(Ok(text)) => Ok(text),
    }
}

/// Somebody who answers, on a thread that does nothing else.
pub struct Answer {
    connection: Connection,
    address: Address,
    runtime: Runtime,
}

impl Answer {
    pub fn from(address: Address) -> Result<Self, Failure> {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| {
            Failure::new(code::FAILURE, "failed to prepare a connection").because(error)
        })?;
        let connection = within(&runtime, &address, Connection::open(&address))?;
        Ok(Self {
            connection,
            address,
            runtime,
        })
    }

    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// What the server says to that.
    pub fn to<T>(&self, question: impl Future<Output = Result<T, Error>>) -> Result<T, Failure> {
        within(&self.runtime, &self.address, question)
    }
}

fn within<T>(
    runtime: &Runtime,
    address: &Address,
    question: impl Future<Output = Result<T, Error>>,
) -> Result<T, Failure> {
    let answer = runtime.block_on(async { tokio::time::timeout(PATIENCE, question).await });
    match answer {
        Ok(answer) => answer.map_err(|error| {
            let code = match error.kind() {
                Kind::Config => code::USAGE,
                _ => code::FAILURE,
            };
            Failure::new(code, chain(&error))
        }),
        Err(_) => Err(Failure::new(
            code::FAILURE,
            format!("{address} did not answer within {PATIENCE:?}"),
        )),
    }
}
