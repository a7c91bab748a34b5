//! Reading and changing pools, sessions, and the row for the server.

use std::collections::{BTreeMap, BTreeSet};

use nm_register::{Document, Event, Look, Seen, Server, Session, Start, Tag, Token, Unsound};
use tokio_postgres::Row;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;

use crate::connection::{Connection, Parameter, stored};
use crate::error::{Error, Kind};
use crate::hint::{Hint, channel};

/// When the process that answers started, in microseconds.
macro_rules! start {
    () => {
        "(extract(epoch FROM pg_postmaster_start_time()) * 1000000)::bigint"
    };
}

/// A commit that is acknowledged once it is written, whatever the session's default is.
macro_rules! durable {
    () => {
        "set_config('synchronous_commit', 'on', true)"
    };
}

/// $1 space, $2 pool.
const READ: &str = concat!(
    "SELECT ",
    start!(),
    ", s.start, s.calm, s.epoch, pg_is_in_recovery(), p.tag::text, p.doc, p.line, \
     (SELECT coalesce(string_agg(x.id || ' ' || coalesce(v.beat, -1) || ' ' || coalesce(v.dead, false) \
                                || ' ' || coalesce(v.who ? 'hears', false), ','), '') \
      FROM unnest(p.sessions) x (id) LEFT JOIN name_manager.session v ON v.id = x.id) \
     FROM name_manager.server s LEFT JOIN name_manager.pool p ON (p.space, p.pool) = ($1, $2)"
);

/// Tells sessions that there is something to read, once the change is committed; whoever tells
/// nobody does not come near the lock that all who do take in turn. $1 their channels, $2 what
/// they are told. Not `pg_catalog.pg_notify`, so that a test can stand in between.
macro_rules! tell {
    ($channels:literal, $hint:literal) => {
        concat!(
            ", (SELECT count(pg_notify(c, ",
            $hint,
            ")) FROM unnest(",
            $channels,
            ") c WHERE u.done = 1)"
        )
    };
}

/// $1 space, $2 pool, $3 tag read, $4 new tag, $5 document, $6 line, $7 their sessions, $8 start
/// read, $9 own session, $10 events, $11 who is told, $12 what. A row that somebody has locked is
/// a lost swap, and not a wait.
const SWAP: &str = concat!(
    "WITH l AS (SELECT p.space, p.pool FROM name_manager.pool p \
                WHERE (p.space, p.pool) = ($1, $2) AND p.tag = $3::text::uuid AND ",
    start!(),
    " = $8 AND NOT EXISTS (SELECT FROM name_manager.session WHERE id = $9::text::uuid AND dead) \
                FOR UPDATE SKIP LOCKED), \
     u AS (UPDATE name_manager.pool p \
           SET tag = $4::text::uuid, doc = $5, line = $6, sessions = $7::text[]::uuid[] FROM l \
           WHERE (p.space, p.pool) = (l.space, l.pool) AND p.tag = $3::text::uuid \
           RETURNING 1 AS done), \
     j AS (INSERT INTO name_manager.journal (space, pool, time, event) \
           SELECT $1, $2, (e->>'time')::bigint, e FROM u, json_array_elements($10::text::json) e) \
     SELECT ",
    durable!(),
    tell!("$11", "$12"),
    " FROM u"
);

/// As SWAP, of a pool that nobody has used, and in which nobody waits.
const MAKE: &str = concat!(
    "WITH u AS (INSERT INTO name_manager.pool (space, pool, tag, doc, line, sessions) \
                SELECT $1, $2, $3::text::uuid, $4, $5, $6::text[]::uuid[] WHERE ",
    start!(),
    " = $7 AND NOT EXISTS (SELECT FROM name_manager.session WHERE id = $8::text::uuid AND dead) \
                ON CONFLICT DO NOTHING RETURNING 1), \
     j AS (INSERT INTO name_manager.journal (space, pool, time, event) \
           SELECT $1, $2, (e->>'time')::bigint, e FROM u, json_array_elements($9::text::json) e) \
     SELECT ",
    durable!(),
    " FROM u"
);

/// $1 session, $2 beat, $3 who. A session that was declared dead stays so.
const BORN: &str = concat!(
    "INSERT INTO name_manager.session AS s (id, beat, who) \
     VALUES ($1::text::uuid, $2, $3::text::jsonb) \
     ON CONFLICT (id) DO UPDATE SET beat = greatest(s.beat, excluded.beat), seen = clock_timestamp() \
     WHERE NOT s.dead RETURNING ",
    start!(),
    ", set_config('synchronous_commit', 'local', true)"
);

/// $1 session, $2 beat: another for every attempt. Waits for no standby, but is written: a
/// process of the server that is killed behind a pooler must not forget it.
const BEAT: &str = concat!(
    "UPDATE name_manager.session SET beat = $2, seen = clock_timestamp() \
     WHERE id = $1::text::uuid AND beat < $2 AND NOT dead RETURNING ",
    start!(),
    ", set_config('synchronous_commit', 'local', true)"
);

/// Whether a session that took no beat is dead.
const DEAD: &str = concat!(
    "SELECT ",
    start!(),
    ", (SELECT dead FROM name_manager.session WHERE id = $1::text::uuid)"
);

/// $1 session, $2 the beat that was seen.
const BURY: &str = concat!(
    "UPDATE name_manager.session SET dead = true \
     WHERE id = $1::text::uuid AND beat = $2 AND NOT dead RETURNING ",
    durable!()
);

/// The same for one that the server forgot.
const BURY_MISSING: &str = concat!(
    "INSERT INTO name_manager.session (id, beat, dead, who) \
     VALUES ($1::text::uuid, 0, true, '{}') ON CONFLICT DO NOTHING RETURNING ",
    durable!()
);

/// $1 to $3 the row as it was seen, $4 to $6 as it shall be.
const SERVER: &str = concat!(
    "UPDATE name_manager.server SET start = $4, calm = $5, epoch = $6 \
     WHERE (start, calm, epoch) = ($1, $2, $3) AND ",
    start!(),
    " = $4 RETURNING ",
    durable!()
);

/// $1 spaces, $2 pools, $3 tokens that wait in them, $4 own session. One that is told that it can
/// never be served stays in the line until its agent has read that. Texts are searched as we have
/// written them: within a string, quotes are never bare. What is lent is of no use to a session
/// that is dead, nor from a standby: both are found out by whoever reads the pool.
const TAGS: &str = concat!(
    "SELECT p.space, p.pool, p.tag::text, g.granted OR g.failed, ",
    start!(),
    ", CASE WHEN g.granted AND NOT pg_is_in_recovery() AND NOT EXISTS \
            (SELECT FROM name_manager.session WHERE id = $4::text::uuid AND dead) \
       THEN p.doc END \
     FROM name_manager.pool p JOIN unnest($1, $2) AS k (space, pool) USING (space, pool) \
     CROSS JOIN LATERAL (SELECT \
       EXISTS (SELECT FROM unnest($3) t WHERE strpos(p.doc, '\"token\":\"' || t || '\"') > 0) AS granted, \
       CASE WHEN strpos(p.line, '\"failed\":') > 0 THEN EXISTS \
            (SELECT FROM unnest($3) t WHERE strpos(p.line, '\"token\":\"' || t || '\",\"failed\":') > 0) \
       ELSE false END AS failed OFFSET 0) g"
);

/// $1 session. Every pool: there are few, and this is asked once a connection.
const ENTRIES: &str = concat!(
    "SELECT ",
    start!(),
    ", p.space, p.pool FROM (SELECT) one LEFT JOIN name_manager.pool p \
     ON $1::text::uuid = ANY (p.sessions)"
);

/// $1 tokens. Asked once by an agent, of those that its processes may have left.
const HELD: &str = "SELECT p.space, p.pool FROM name_manager.pool p \
     WHERE EXISTS (SELECT FROM unnest($1) t WHERE strpos(p.doc, t) > 0 OR strpos(p.line, t) > 0)";

/// $1 session. The last that it does.
const END: &str = "DELETE FROM name_manager.session WHERE id = $1::text::uuid AND NOT dead";

/// $1 space, $2 pool. Waits for whoever changes the row; not for long, and no machine that
/// falls silent meanwhile keeps it for long. Under a stricter isolation, which may be the server's
/// default, a row that was changed meanwhile could not be locked.
const LOCK: &str = "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = '1s'; \
     SET LOCAL idle_in_transaction_session_timeout = '5s'";
const LOCK_ROW: &str = "SELECT 1 FROM name_manager.pool WHERE (space, pool) = ($1, $2) FOR UPDATE";

/// The answer of a READ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The document's tag; `None` if nobody has used the pool.
    pub tag: Option<Tag>,
    /// The document.
    pub document: Document,
    /// Those of its sessions that are known to hear hints.
    pub hear: BTreeSet<Session>,
    /// The rest.
    pub look: Look,
}

/// A change of a pool.
#[derive(Clone, Debug)]
pub struct Swap<'a> {
    /// The project whose pool it is.
    pub space: &'a str,
    /// The pool.
    pub pool: &'a str,
    /// What was read.
    pub page: &'a Page,
    /// Whose change it is.
    pub session: Session,
    /// Drawn for this change.
    pub tag: Tag,
    /// What shall be there.
    pub document: &'a Document,
    /// What is written beside.
    pub events: &'a [Event],
    /// Sessions that are told to look: see [`Hint`].
    pub told: &'a [Session],
}

/// What is known of a pool without reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glance {
    /// The project and the pool.
    pub key: (String, String),
    /// The document's tag.
    pub tag: Tag,
    /// Whether one of the tokens has been granted something, or told that it never will be.
    pub is_served: bool,
    /// What is lent, if one has been granted something; `None` if that is to be read.
    pub lent: Option<Lent>,
}

/// What is lent of a pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lent {
    /// When the process that says so started.
    pub start: Start,
    /// The document, but for its line, which is empty: nothing is to be decided by it.
    pub document: Document,
}

/// What has become of a beat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beaten {
    /// Taken, by a process that started then.
    Alive(Start),
    /// The session was declared dead.
    Dead,
    /// The server does not know the session: this process has started since, and its last
    /// changes were lost; or its row was removed by hand.
    Missing(Start),
}

impl Connection {
    /// Reads a pool.
    ///
    /// # Errors
    ///
    /// If the server does not answer, takes no changes, or has a document that is not ours.
    pub async fn read(&self, space: &str, pool: &str) -> Result<Page, Error> {
        let rows = self
            .query(READ, &[(&space, Type::TEXT), (&pool, Type::TEXT)])
            .await?;
        let Some(row) = rows.first() else {
            return Err(Error::new(
                Kind::Damaged,
                format!("{}: `name_manager.server` has no row", self.server()),
            ));
        };
        let get = |error| self.failed(error);
        let is_standby: bool = row.try_get(4).map_err(get)?;
        if is_standby {
            return Err(Error::new(Kind::ReadOnly, Error::read_only(self.server())));
        }
        self.page(row, pool)
    }

    fn page(&self, row: &Row, pool: &str) -> Result<Page, Error> {
        let get = |error| self.failed(error);
        let damaged = |why: &str| {
            Error::new(
                Kind::Damaged,
                format!(
                    "{}: pool `{pool}` is not as it was written ({why}), so nothing is lent; if somebody changed it by hand, let them change it back, or delete its row in `name_manager.pool` while nobody uses it",
                    self.server()
                ),
            )
        };
        let start = Start(row.try_get(0).map_err(get)?);
        let epoch: i64 = row.try_get(3).map_err(get)?;
        let server = Server {
            start: Start(row.try_get(1).map_err(get)?),
            calm: row.try_get(2).map_err(get)?,
            epoch: u64::try_from(epoch).map_err(|_| damaged("its epoch is negative"))?,
        };
        let tag: Option<&str> = row.try_get(5).map_err(get)?;
        let text: Option<&str> = row.try_get(6).map_err(get)?;
        let line: Option<&str> = row.try_get(7).map_err(get)?;
        let (Some(tag), Some(text), Some(line)) = (tag, text, line) else {
            return Ok(Page {
                tag: None,
                document: Document::default(),
                hear: BTreeSet::new(),
                look: Look {
                    start,
                    server,
                    sessions: BTreeMap::new(),
                },
            });
        };
        let document = Document::parse(text, line).map_err(|error| match error {
            Unsound::TooNew(..) => Error::new(
                Kind::TooNew,
                format!(
                    "{}: pool `{pool}` was written by a newer name-manager; install it here, too",
                    self.server()
                ),
            )
            .because(error),
            Unsound::Damaged(why) => damaged(&why),
        })?;
        let sessions: &str = row.try_get(8).map_err(get)?;
        let sessions = sessions.split(',').filter(|part| !part.is_empty());
        let sessions = sessions.map(session).collect::<Option<Vec<_>>>();
        let sessions = sessions.ok_or_else(|| damaged("a session in it is none"))?;
        let known: BTreeSet<Session> = sessions.iter().map(|(id, _, _)| *id).collect();
        if !document.sessions().is_subset(&known) {
            return Err(damaged("a machine in it is not among its `sessions`"));
        }
        let hear = sessions.iter().filter(|(_, _, hears)| *hears);
        Ok(Page {
            tag: Some(tag.parse().map_err(|_| damaged("its tag is none"))?),
            document,
            hear: hear.map(|(session, _, _)| *session).collect(),
            look: Look {
                start,
                server,
                sessions: sessions
                    .into_iter()
                    .map(|(id, seen, _)| (id, seen))
                    .collect(),
            },
        })
    }

    /// Changes a pool, if it still is what was read; whether it was.
    ///
    /// # Errors
    ///
    /// If the outcome is not known, or nothing was done. It is known once the tag has moved:
    /// the change may still be on its way.
    pub async fn swap(&self, swap: &Swap<'_>) -> Result<bool, Error> {
        match self.try_swap(swap).await {
            // Somebody who listens has not read for long. Nothing was changed, and hints are not
            // worth that.
            Err(error) if is_of(&error, &[SqlState::PROGRAM_LIMIT_EXCEEDED]) => {
                let swap = Swap { told: &[], ..*swap };
                self.try_swap(&swap).await
            }
            swapped => swapped,
        }
    }

    async fn try_swap(&self, swap: &Swap<'_>) -> Result<bool, Error> {
        let (tag, session) = (swap.tag.to_string(), swap.session.to_string());
        let (document, line) = swap.document.to_texts();
        let (document, line) = (stored(document), stored(line));
        let sessions = swap.document.sessions();
        let sessions: Vec<String> = sessions.iter().map(Session::to_string).collect();
        let events = serde_json::to_string(swap.events).expect("its keys are texts");
        let events = stored(events);
        let start = swap.page.look.start.0;
        let (space, pool) = (&swap.space, &swap.pool);
        let was = swap.page.tag.map(|was| was.to_string());
        let mut values: Vec<Parameter<'_>> = vec![(space, Type::TEXT), (pool, Type::TEXT)];
        values.extend(was.as_ref().map(|was| (was as _, Type::TEXT)));
        values.extend([
            (&tag as _, Type::TEXT),
            (&document as _, Type::TEXT),
            (&line as _, Type::TEXT),
            (&sessions as _, Type::TEXT_ARRAY),
            (&start as _, Type::INT8),
            (&session as _, Type::TEXT),
            (&events as _, Type::TEXT),
        ]);
        let channels: Vec<String> = swap.told.iter().copied().map(channel).collect();
        let hint = Hint::of(swap.space, swap.pool);
        if was.is_some() {
            values.extend([(&channels as _, Type::TEXT_ARRAY), (&hint as _, Type::TEXT)]);
        }
        let statement = match was {
            Some(_) => SWAP,
            None => MAKE,
        };
        let rows = self.query(statement, &values).await;
        self.done(rows)
    }

    /// Begins a session, or goes on with one that the server forgot; never with one that was
    /// declared dead.
    ///
    /// # Errors
    ///
    /// If the server does not answer, or takes no changes.
    pub async fn begin(&self, session: Session, beat: u64, host: &str) -> Result<Beaten, Error> {
        let (session, beat) = (session.to_string(), beat as i64);
        let who = stored(serde_json::json!({ "host": host }).to_string());
        let parameters: [Parameter<'_>; 3] = [
            (&session, Type::TEXT),
            (&beat, Type::INT8),
            (&who, Type::TEXT),
        ];
        match self.query(BORN, &parameters).await?.first() {
            Some(row) => Ok(Beaten::Alive(self.start(row)?)),
            None => Ok(Beaten::Dead),
        }
    }

    /// Beats.
    ///
    /// # Errors
    ///
    /// If it is not acknowledged. It may have been taken.
    pub async fn beat(&self, session: Session, beat: u64) -> Result<Beaten, Error> {
        let (session, beat) = (session.to_string(), beat as i64);
        let rows = self
            .query(BEAT, &[(&session, Type::TEXT), (&beat, Type::INT8)])
            .await?;
        if let Some(row) = rows.first() {
            return Ok(Beaten::Alive(self.start(row)?));
        }
        let rows = self.query(DEAD, &[(&session, Type::TEXT)]).await?;
        let row = rows
            .first()
            .ok_or_else(|| Error::new(Kind::Server, format!("{} gave no answer", self.server())))?;
        let dead: Option<bool> = row.try_get(1).map_err(|error| self.failed(error))?;
        Ok(match dead {
            None => Beaten::Missing(self.start(row)?),
            Some(true) => Beaten::Dead,
            // A later beat has come before this one.
            Some(false) => Beaten::Alive(self.start(row)?),
        })
    }

    /// Declares a session dead, unless it is not any more what was seen; whether it was.
    ///
    /// # Errors
    ///
    /// If the outcome is not known.
    pub async fn bury(&self, session: Session, seen: Seen) -> Result<bool, Error> {
        let session = session.to_string();
        let rows = match seen {
            Seen::Dead => return Ok(false),
            Seen::Beat(beat) => {
                let beat = beat as i64;
                self.query(BURY, &[(&session, Type::TEXT), (&beat, Type::INT8)])
                    .await
            }
            Seen::Missing => self.query(BURY_MISSING, &[(&session, Type::TEXT)]).await,
        };
        self.done(rows)
    }

    /// Replaces the row for the server, if it is what was seen, and this process the one that
    /// it shall be about.
    ///
    /// # Errors
    ///
    /// If the outcome is not known.
    pub async fn replace_server(&self, was: Server, row: Server) -> Result<bool, Error> {
        let (epoch, next) = (was.epoch as i64, row.epoch as i64);
        let parameters: [Parameter<'_>; 6] = [
            (&was.start.0, Type::INT8),
            (&was.calm, Type::BOOL),
            (&epoch, Type::INT8),
            (&row.start.0, Type::INT8),
            (&row.calm, Type::BOOL),
            (&next, Type::INT8),
        ];
        self.done(self.query(SERVER, &parameters).await)
    }

    /// What is to be seen of these pools without reading them, and of tokens of this session that
    /// wait in them, in no order: those that nobody has used are not there.
    ///
    /// # Errors
    ///
    /// If the server does not answer.
    pub async fn glance(
        &self,
        pools: &[(String, String)],
        tokens: &[Token],
        session: Session,
    ) -> Result<Vec<Glance>, Error> {
        let tokens: Vec<String> = tokens.iter().map(Token::to_string).collect();
        let (spaces, names): (Vec<&str>, Vec<&str>) = pools
            .iter()
            .map(|(space, pool)| (&**space, &**pool))
            .unzip();
        let session = session.to_string();
        let parameters: [Parameter<'_>; 4] = [
            (&spaces, Type::TEXT_ARRAY),
            (&names, Type::TEXT_ARRAY),
            (&tokens, Type::TEXT_ARRAY),
            (&session, Type::TEXT),
        ];
        let rows = self.query(TAGS, &parameters).await?;
        let glances = rows.iter().map(|row| {
            let get = |error| self.failed(error);
            let tag: &str = row.try_get(2).map_err(get)?;
            let start = Start(row.try_get(4).map_err(get)?);
            let lent: Option<&str> = row.try_get(5).map_err(get)?;
            // What is wrong with one is told by whoever reads the pool.
            let lent = lent.and_then(|text| Document::parse(text, "[]").ok());
            Ok(Glance {
                key: (row.try_get(0).map_err(get)?, row.try_get(1).map_err(get)?),
                // One that is none is found, and told, by whoever reads the pool.
                tag: tag.parse().unwrap_or(Tag(0)),
                is_served: row.try_get(3).map_err(get)?,
                lent: lent.map(|document| Lent { start, document }),
            })
        });
        glances.collect()
    }

    /// The pools in which a session holds something or waits, and when the process that says so
    /// started.
    ///
    /// # Errors
    ///
    /// If the server does not answer.
    pub async fn entries(&self, session: Session) -> Result<(Start, Vec<(String, String)>), Error> {
        let session = session.to_string();
        let rows = self.query(ENTRIES, &[(&session, Type::TEXT)]).await?;
        let mut start = Err(Error::new(
            Kind::Server,
            format!("{} gave no answer", self.server()),
        ));
        let mut pools = Vec::new();
        for row in &rows {
            let get = |error| self.failed(error);
            start = Ok(self.start(row)?);
            let space: Option<String> = row.try_get(1).map_err(get)?;
            let pool: Option<String> = row.try_get(2).map_err(get)?;
            pools.extend(space.zip(pool));
        }
        Ok((start?, pools))
    }

    /// The pools in which something is held or awaited with one of these tokens.
    ///
    /// # Errors
    ///
    /// If the server does not answer.
    pub async fn pools_of(&self, tokens: &[Token]) -> Result<Vec<(String, String)>, Error> {
        let tokens: Vec<String> = tokens.iter().map(Token::to_string).collect();
        let rows = self.query(HELD, &[(&tokens, Type::TEXT_ARRAY)]).await?;
        let pools = rows.iter().map(|row| {
            let get = |error| self.failed(error);
            Ok((row.try_get(0).map_err(get)?, row.try_get(1).map_err(get)?))
        });
        pools.collect()
    }

    /// Ends a session that has left nothing in any pool.
    ///
    /// # Errors
    ///
    /// If the server does not answer.
    pub async fn end(&self, session: Session) -> Result<(), Error> {
        let session = session.to_string();
        let ended = self.query(END, &[(&session, Type::TEXT)]).await;
        ended.map(drop)
    }

    /// Locks a pool's row, and reads it. Until [`Connection::swap_locked`] or
    /// [`Connection::roll_back`], one of which must follow, nobody else changes it: for who has
    /// lost too often against others that are nearer.
    ///
    /// # Errors
    ///
    /// As of [`Connection::read`]; or if the row is not free for some time. Then, too, the
    /// transaction is to be ended.
    pub async fn lock(&self, space: &str, pool: &str) -> Result<Page, Error> {
        let parameters: [Parameter<'_>; 2] = [(&space, Type::TEXT), (&pool, Type::TEXT)];
        // Sent at once: others wait for as long as this takes.
        let (begun, locked, page) = tokio::join!(
            self.batch(LOCK),
            self.query(LOCK_ROW, &parameters),
            self.read(space, pool),
        );
        begun?;
        locked?;
        page
    }

    /// Changes a pool as [`Connection::swap`] does, and ends the transaction that
    /// [`Connection::lock`] began, in one round trip; whether it was changed.
    ///
    /// # Errors
    ///
    /// If the outcome is not known.
    pub async fn swap_locked(&self, swap: &Swap<'_>) -> Result<bool, Error> {
        // What has failed is rolled back by it.
        let (swapped, ended) = tokio::join!(self.try_swap(swap), self.batch("COMMIT"));
        let swapped = swapped?;
        ended.map(|()| swapped)
    }

    /// Ends that transaction without a change.
    ///
    /// # Errors
    ///
    /// If the server does not answer.
    pub async fn roll_back(&self) -> Result<(), Error> {
        self.batch("ROLLBACK").await
    }

    fn start(&self, row: &Row) -> Result<Start, Error> {
        row.try_get(0)
            .map(Start)
            .map_err(|error| self.failed(error))
    }

    /// Whether a change was done. One that met another is a lost swap, under any isolation.
    fn done(&self, rows: Result<Vec<Row>, Error>) -> Result<bool, Error> {
        match rows {
            Ok(rows) => Ok(!rows.is_empty()),
            Err(error) if is_conflict(&error) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

fn is_conflict(error: &Error) -> bool {
    let states = [
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::T_R_DEADLOCK_DETECTED,
    ];
    is_of(error, &states)
}

fn is_of(error: &Error, states: &[SqlState]) -> bool {
    let source = std::error::Error::source(error);
    let source = source.and_then(|source| source.downcast_ref::<tokio_postgres::Error>());
    let state = source.and_then(tokio_postgres::Error::code);
    state.is_some_and(|state| states.contains(state))
}

/// `id beat dead hears`, as READ writes it.
fn session(text: &str) -> Option<(Session, Seen, bool)> {
    let mut parts = text.split(' ');
    let id = parts.next()?.parse().ok()?;
    let beat: i64 = parts.next()?.parse().ok()?;
    let dead = parts.next()? == "true";
    let seen = match u64::try_from(beat) {
        _ if dead => Seen::Dead,
        Ok(beat) => Seen::Beat(beat),
        Err(_) => Seen::Missing,
    };
    Some((id, seen, parts.next()? == "true"))
}
