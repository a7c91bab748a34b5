//! What tests of the tables ask a server over.

use std::cell::OnceCell;

use nm_postgres::{Address, Connection, Error, LEASE, Surroundings};

use crate::instance::Instance;

impl Instance {
    pub fn connect(&self, user: &str, database: &str) -> Result<Wire, Error> {
        Wire::open(&self.url(user, database), &Surroundings::default())
    }

    /// A new database, with our tables in it or not.
    pub fn database(&self, name: &str, with_tables: bool) -> Wire {
        self.sql("postgres", &format!("CREATE DATABASE {name}"));
        let wire = self.connect("boss", name).unwrap();
        if with_tables {
            wire.run(wire.connection.make_tables(LEASE)).unwrap();
        }
        wire
    }
}

/// A connection, and the runtime that drives it.
pub struct Wire {
    pub connection: Connection,
    /// Another one, for statements of the tests' own.
    raw: OnceCell<tokio_postgres::Client>,
    url: String,
    runtime: tokio::runtime::Runtime,
}

impl Wire {
    pub fn open(url: &str, surroundings: &Surroundings) -> Result<Self, Error> {
        let address = Address::parse(url, surroundings)?;
        let builder = &mut tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_all().build().unwrap();
        let connection = runtime.block_on(Connection::open(&address))?;
        Ok(Self {
            connection,
            raw: OnceCell::new(),
            url: url.to_owned(),
            runtime,
        })
    }

    pub fn run<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    fn raw(&self) -> &tokio_postgres::Client {
        self.raw.get_or_init(|| {
            self.run(async {
                let connected = tokio_postgres::connect(&self.url, tokio_postgres::NoTls).await;
                let (client, connection) = connected.unwrap();
                tokio::spawn(async { drop(connection.await) });
                client
            })
        })
    }

    pub fn execute(&self, statements: &str) {
        self.run(self.raw().batch_execute(statements)).unwrap();
    }

    pub fn ask(&self, statement: &str) -> i32 {
        self.run(self.raw().query_one(statement, &[]))
            .unwrap()
            .get(0)
    }
}
