//! The tables, and who makes them.

use std::ops::RangeInclusive;
use std::time::Duration;

use tokio_postgres::types::Type;

use crate::connection::Connection;
use crate::error::{Error, Kind};

/// The version of the tables.
///
/// 1: the first.
const TABLES: i32 = 1;

/// How long a machine may be silent before its names are lent on: below, one delayed beat
/// would cost its leases; above, nobody would wait.
pub const LEASES: RangeInclusive<Duration> = Duration::from_secs(5)..=Duration::from_secs(600);

/// That, unless somebody says otherwise.
pub const LEASE: Duration = Duration::from_secs(30);

/// What makes the tables, for somebody to read or to run. In one transaction.
pub fn statements(lease: Duration) -> String {
    STATEMENTS.replace("{lease}", &lease.as_millis().to_string())
}

const STATEMENTS: &str = "\
CREATE SCHEMA name_manager;

-- The version of these tables; and for how many milliseconds a machine may be silent before
-- its names are lent on. To be changed while nobody uses it.
CREATE TABLE name_manager.format (
    one bool PRIMARY KEY DEFAULT true CHECK (one),
    tables int NOT NULL,
    lease int NOT NULL CHECK (lease BETWEEN 5000 AND 600000)
);

-- The server's process: when it started, whether names may be lent, how many there were.
CREATE TABLE name_manager.server (
    one bool PRIMARY KEY DEFAULT true CHECK (one),
    start bigint NOT NULL,
    calm bool NOT NULL,
    epoch bigint NOT NULL
);

-- A pool is a document and the line of those who wait, both JSON; the machines that hold or
-- wait; and a random tag that changes with them. Texts: they are written whole with every
-- change, and to take them apart for jsonb took longer than all else of it.
CREATE TABLE name_manager.pool (
    space text NOT NULL,
    pool text NOT NULL,
    tag uuid NOT NULL,
    doc text NOT NULL,
    line text NOT NULL,
    sessions uuid[] NOT NULL,
    PRIMARY KEY (space, pool)
) WITH (
    fillfactor = 50,
    toast.autovacuum_vacuum_scale_factor = 0,
    toast.autovacuum_vacuum_threshold = 2000
);

-- They are compressed with every change: three times as fast by servers that have this.
DO $$ BEGIN
    EXECUTE 'ALTER TABLE name_manager.pool ALTER doc SET COMPRESSION lz4, ALTER line SET COMPRESSION lz4';
EXCEPTION WHEN syntax_error OR feature_not_supported OR invalid_parameter_value THEN
    NULL;
END $$;

-- The last beats of machines.
CREATE TABLE name_manager.session (
    id uuid PRIMARY KEY,
    beat bigint NOT NULL,
    dead bool NOT NULL DEFAULT false,
    seen timestamptz NOT NULL DEFAULT clock_timestamp(),
    who jsonb NOT NULL
) WITH (fillfactor = 50);

-- What happened: at which time by the clock of its machine, in microseconds, and when that was
-- written here. As text, which only people take apart.
CREATE TABLE name_manager.journal (
    n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    space text NOT NULL,
    pool text NOT NULL,
    time bigint NOT NULL,
    event json NOT NULL
);
CREATE INDEX ON name_manager.journal (space, pool, n);

-- For people with psql.
CREATE VIEW name_manager.holders AS
SELECT space, pool, h->>'name' AS name, h->>'access' AS access,
       (h->>'fence')::bigint AS fence, h->'who' AS who
FROM name_manager.pool, jsonb_array_elements(doc::jsonb->'holds') h
WHERE left(h->>'name', 1) <> '#';

INSERT INTO name_manager.format (tables, lease) VALUES (1, {lease});
INSERT INTO name_manager.server (start, calm, epoch)
VALUES ((extract(epoch FROM pg_postmaster_start_time()) * 1000000)::bigint, true, 0);
";

/// One maker at a time. Of no meaning but that: the number of the first that comes to mind.
const ONE_MAKER: &str = "SELECT pg_advisory_xact_lock(7093512480561)";

/// What a user of the tables must be allowed to.
const RIGHTS: &str = "\
SELECT coalesce(string_agg(t || ': ' || p, ', '), '') FROM (VALUES
    ('format', 'SELECT'),
    ('server', 'SELECT'), ('server', 'UPDATE'),
    ('pool', 'SELECT'), ('pool', 'INSERT'), ('pool', 'UPDATE'),
    ('session', 'SELECT'), ('session', 'INSERT'), ('session', 'UPDATE'), ('session', 'DELETE'),
    ('journal', 'SELECT'), ('journal', 'INSERT'), ('journal', 'DELETE')
) wanted (t, p) WHERE NOT has_table_privilege('name_manager.' || t, p)";

/// What has become of the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Made {
    /// They are there now.
    Now,
    /// They were there.
    Before,
}

impl Connection {
    /// Makes the tables, unless they are there: those keep the lease that they have.
    ///
    /// # Errors
    ///
    /// If the lease is not in [`LEASES`], if the server is read-only, if its tables are newer, or
    /// if the user may not make them.
    pub async fn make_tables(&self, lease: Duration) -> Result<Made, Error> {
        if !LEASES.contains(&lease) {
            let (least, most) = (LEASES.start().as_secs(), LEASES.end().as_secs());
            return Err(Error::new(
                Kind::Config,
                format!("a lease of {lease:?} is not possible; expected {least}s to {most}s"),
            ));
        }
        self.check_writable().await?;
        if self.has_tables().await? {
            self.check_version().await?;
            return Ok(Made::Before);
        }
        let make = format!("BEGIN; {ONE_MAKER}; {} COMMIT;", statements(lease));
        match self.client.batch_execute(&make).await {
            Ok(()) => Ok(Made::Now),
            Err(error) => {
                // Without an answer there is nothing to take back either.
                let _ = self.client.batch_execute("ROLLBACK").await;
                // Another maker was quicker, while this one waited for its turn.
                if self.has_tables().await? {
                    self.check_version().await?;
                    return Ok(Made::Before);
                }
                let failed = self.failed(error);
                Err(match failed.kind() {
                    Kind::Rights => Error::new(
                        Kind::Rights,
                        format!(
                            "{}: the user may not create a schema; let another run what `name-manager server init --print` shows, or `GRANT CREATE ON DATABASE ..`",
                            self.server()
                        ),
                    )
                    .because(failed),
                    _ => failed,
                })
            }
        }
    }

    /// Checks that the tables can be used: that they are there, of a version that is known, and
    /// this user may do what it must.
    ///
    /// # Errors
    ///
    /// If one of that is not so, with what to do.
    pub async fn check_tables(&self) -> Result<(), Error> {
        self.check_writable().await?;
        if !self.has_tables().await? {
            return Err(Error::new(Kind::Missing, Error::missing(self.server())));
        }
        // To see that a table is there one needs no rights; to ask for rights in it, some.
        let usable = "SELECT has_schema_privilege('name_manager', 'USAGE')";
        let usable: bool = self.ask(usable).await?;
        let lacks = match usable {
            true => self.ask::<String>(RIGHTS).await?,
            false => "the schema: USAGE".to_owned(),
        };
        if !lacks.is_empty() {
            let user: String = self.ask("SELECT quote_ident(current_user)").await?;
            return Err(Error::new(
                Kind::Rights,
                format!(
                    "{}: the user lacks rights ({lacks}); let the tables' owner run `GRANT USAGE ON SCHEMA name_manager TO {user}; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA name_manager TO {user}`",
                    self.server()
                ),
            ));
        }
        self.check_version().await
    }

    /// How long a machine may be silent before its names are lent on.
    ///
    /// # Errors
    ///
    /// If the server does not answer, or has no such time.
    pub async fn lease(&self) -> Result<Duration, Error> {
        let found: Option<i32> = self
            .ask("SELECT max(lease) FROM name_manager.format")
            .await?;
        let found = found.and_then(|found| u64::try_from(found).ok());
        let lease = found.map(Duration::from_millis);
        lease.filter(|lease| LEASES.contains(lease)).ok_or_else(|| {
            Error::new(
                Kind::Damaged,
                format!(
                    "{}: `name_manager.format` has no lease between 5000 and 600000 ms",
                    self.server()
                ),
            )
        })
    }

    async fn check_writable(&self) -> Result<(), Error> {
        let is_standby: bool = self.ask("SELECT pg_is_in_recovery()").await?;
        match is_standby {
            true => Err(Error::new(Kind::ReadOnly, Error::read_only(self.server()))),
            false => Ok(()),
        }
    }

    async fn has_tables(&self) -> Result<bool, Error> {
        // By the catalogue: `to_regclass` fails without rights in the schema.
        self.ask(
            "SELECT EXISTS (SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE (n.nspname, c.relname) = ('name_manager', 'format'))",
        )
        .await
    }

    async fn check_version(&self) -> Result<(), Error> {
        let found: Option<i32> = self
            .ask("SELECT max(tables) FROM name_manager.format")
            .await?;
        match found {
            Some(TABLES) => Ok(()),
            Some(version) if version > TABLES => Err(Error::new(
                Kind::TooNew,
                format!(
                    "{}: the tables have version {version}, this program knows up to {TABLES}; install a newer one",
                    self.server()
                ),
            )),
            _ => Err(Error::new(
                Kind::Damaged,
                format!(
                    "{}: `name_manager.format` has no version that was ever written",
                    self.server()
                ),
            )),
        }
    }

    /// The one value of a question.
    async fn ask<T>(&self, statement: &str) -> Result<T, Error>
    where
        T: for<'a> tokio_postgres::types::FromSql<'a>,
    {
        let none: &[(&(dyn tokio_postgres::types::ToSql + Sync), Type)] = &[];
        let rows = self.client.query_typed(statement, none).await;
        let rows = rows.map_err(|error| self.failed(error))?;
        let value = rows.first().map(|row| row.try_get(0));
        match value {
            Some(Ok(value)) => Ok(value),
            Some(Err(error)) => Err(self.failed(error)),
            None => Err(Error::new(
                Kind::Server,
                format!("{} gave no answer", self.server()),
            )),
        }
    }
}
