//! What a server says of itself, of the machines that use it, and of their pools, for people.

use std::time::Duration;

use nm_register::{Session, Wanted, is_lock};
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

use crate::connection::Connection;
use crate::error::{Error, Kind};

/// What a server says of itself. Every user may ask that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// `15.18 (Debian 15.18-0+deb12u1)`.
    pub version: String,
    /// Whether it takes no changes.
    pub is_standby: bool,
    /// The port on which the process that answers was reached; `None` by a socket of its own
    /// machine.
    pub port: Option<u16>,
    /// Whether what it acknowledges outlives the machine that it runs on.
    pub syncs: bool,
    /// `synchronous_standby_names`: those that an acknowledged change waits for.
    pub waits_for: String,
    /// How many others follow it.
    pub followers: u32,
    /// Connections in use, of all databases.
    pub connections: u32,
    /// Connections that ordinary users may have.
    pub most_connections: u32,
    /// Connections that this user, or this database, may have at once; `None` if no such limit is
    /// set.
    pub limit: Option<u32>,
}

/// A machine that uses pools, or has used them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Machine {
    /// Its agent's life on the server.
    pub session: Session,
    /// As people call it.
    pub host: String,
    /// Whether it was declared dead: what it held was lent on.
    pub dead: bool,
    /// Since when nothing was heard of it, by the server's clock.
    pub silent: Duration,
}

const FACTS: &str = "\
SELECT current_setting('server_version'), pg_is_in_recovery(), coalesce(inet_server_port(), 0), \
 current_setting('fsync') = 'on', current_setting('synchronous_standby_names'), \
 (SELECT count(*)::int FROM pg_stat_replication), \
 (SELECT sum(numbackends)::int FROM pg_stat_database), \
 current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int \
  - coalesce(current_setting('reserved_connections', true)::int, 0), \
 (SELECT least(nullif(u.rolconnlimit, -1), nullif(d.datconnlimit, -1)) \
  FROM pg_roles u, pg_database d WHERE (u.rolname, d.datname) = (current_user, current_database()))";

const MACHINES: &str = "\
SELECT id::text, coalesce(who->>'host', ''), dead, \
 greatest(0, extract(epoch FROM clock_timestamp() - seen) * 1000)::bigint \
FROM name_manager.session ORDER BY dead, seen DESC LIMIT 1000";

const POOLS: &str = "SELECT space, pool FROM name_manager.pool ORDER BY space, pool LIMIT 1000";

impl Connection {
    /// What the server says of itself.
    ///
    /// # Errors
    ///
    /// If it does not answer.
    pub async fn facts(&self) -> Result<Facts, Error> {
        let rows = self.query(FACTS, &[]).await?;
        let row = rows
            .first()
            .ok_or_else(|| Error::new(Kind::Server, format!("{} gave no answer", self.server())))?;
        let count = |at| {
            self.get::<Option<i32>>(row, at)
                .map(|it| it.unwrap_or(0).max(0) as u32)
        };
        let port: i32 = self.get(row, 2)?;
        Ok(Facts {
            version: self.get(row, 0)?,
            is_standby: self.get(row, 1)?,
            port: u16::try_from(port).ok().filter(|port| *port != 0),
            syncs: self.get(row, 3)?,
            waits_for: self.get(row, 4)?,
            followers: count(5)?,
            connections: count(6)?,
            most_connections: count(7)?,
            limit: self
                .get::<Option<i32>>(row, 8)?
                .map(|limit| limit.max(0) as u32),
        })
    }

    /// The machines that the server knows, those that live first, of each kind the one that was
    /// heard of last. At most a thousand.
    ///
    /// # Errors
    ///
    /// If it does not answer, or has no such table.
    pub async fn machines(&self) -> Result<Vec<Machine>, Error> {
        let mut machines = Vec::new();
        for row in self.query(MACHINES, &[]).await? {
            let id: String = self.get(&row, 0)?;
            let session = id.parse().map_err(|error| {
                let text = format!("{}: session `{id}` is none", self.server());
                Error::new(Kind::Damaged, text).because(error)
            })?;
            let silent: i64 = self.get(&row, 3)?;
            machines.push(Machine {
                session,
                host: self.get(&row, 1)?,
                dead: self.get(&row, 2)?,
                silent: Duration::from_millis(silent.unsigned_abs()),
            });
        }
        Ok(machines)
    }

    /// The pools that the server knows, each with its project. At most a thousand.
    ///
    /// # Errors
    ///
    /// If it does not answer, or has no such table.
    pub async fn pools(&self) -> Result<Vec<(String, String)>, Error> {
        let rows = self.query(POOLS, &[]).await?;
        let pools = rows.iter();
        pools
            .map(|row| Ok((self.get(row, 0)?, self.get(row, 1)?)))
            .collect()
    }

    /// How many leases of a pool there are, and how many requests wait.
    ///
    /// # Errors
    ///
    /// As [`Connection::read`].
    pub async fn use_of(&self, space: &str, pool: &str) -> Result<(usize, usize), Error> {
        let document = self.read(space, pool).await?.document;
        let leases = document.holds.iter().filter(|hold| !is_lock(&hold.name));
        let waits = document.line.iter().filter(|waiter| {
            let is_of_lock = matches!(&waiter.wants, Wanted::Name(name) if is_lock(name));
            waiter.failed.is_none() && !is_of_lock
        });
        Ok((leases.count(), waits.count()))
    }

    /// Whether names are lent: not in the first time after the server has started.
    ///
    /// # Errors
    ///
    /// As [`Connection::read`].
    pub async fn lends(&self) -> Result<bool, Error> {
        // What is said of a pool that nobody has.
        let look = self.read("", "").await?.look;
        Ok(look.server.is_calm(look.start))
    }

    fn get<'a, T: FromSql<'a>>(&self, row: &'a Row, at: usize) -> Result<T, Error> {
        row.try_get(at).map_err(|error| self.failed(error))
    }
}
