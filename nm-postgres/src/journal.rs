//! Events that are written beside no change; reading them, and forgetting them.

use nm_register::Event;
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use crate::connection::{Connection, Parameter, stored};
use crate::error::{Error, Kind};

/// $1 space, $2 pool, $3 events.
const APPEND: &str = "INSERT INTO name_manager.journal (space, pool, time, event) \
     SELECT $1, $2, (e->>'time')::bigint, e FROM json_array_elements($3::text::json) e";

/// $1 space, $2 pool, $3 from when, $4 after which, $5 how many.
const EVENTS: &str = "SELECT n, event::text FROM name_manager.journal \
     WHERE (space, pool) = ($1, $2) AND n > $4 AND time >= $3 \
     ORDER BY n LIMIT $5";

/// $1 space, $2 pool, $3 name, $4 fence.
const RELEASED: &str = "SELECT 1 FROM name_manager.journal \
     WHERE (space, pool) = ($1, $2) AND event->>'kind' = 'released' \
     AND event->>'name' = $3 AND (event->>'fence')::bigint = $4 ORDER BY n DESC LIMIT 1";

/// $1 space, $2 pool, $3 how many.
const LAST: &str = "SELECT n, e FROM (SELECT n, event::text AS e FROM name_manager.journal \
     WHERE (space, pool) = ($1, $2) ORDER BY n DESC LIMIT $3) last ORDER BY n";

/// The oldest of every project that has more than are kept, and all that are older. $1 how
/// many are kept of one, $2 for how many days. Which that is must be found out once: left to the
/// planner, it was for each event, and the oldest of 100,000 took longer than half an hour.
const PRUNE: &str = "WITH most AS MATERIALIZED \
     (SELECT s.space, (SELECT n FROM name_manager.journal WHERE space = s.space \
                       ORDER BY n DESC OFFSET $1 LIMIT 1) AS n \
      FROM (SELECT DISTINCT space FROM name_manager.journal) s) \
     DELETE FROM name_manager.journal j USING most \
     WHERE j.space = most.space AND (j.n <= most.n OR j.at < clock_timestamp() - make_interval(days => $2))";

/// Sessions that were not heard of for so long, and have left nothing: also of agents that were
/// killed, and whose processes the next one took over.
const PRUNE_SESSIONS: &str = "DELETE FROM name_manager.session s \
     WHERE seen < clock_timestamp() - make_interval(days => $1) \
     AND NOT EXISTS (SELECT FROM name_manager.pool p WHERE s.id = ANY (p.sessions))";

impl Connection {
    /// Writes events to a pool's journal.
    ///
    /// # Errors
    ///
    /// If the server does not answer: they may be written all the same.
    pub async fn append(&self, space: &str, pool: &str, events: &[Event]) -> Result<(), Error> {
        let events = stored(serde_json::to_string(events).expect("its keys are texts"));
        let parameters: [Parameter<'_>; 3] = [
            (&space, Type::TEXT),
            (&pool, Type::TEXT),
            (&events, Type::TEXT),
        ];
        self.query(APPEND, &parameters).await.map(drop)
    }

    /// Reads up to so many events of a pool's journal from a time on, in microseconds since
    /// 1970, and after the one with a number: the last of what was read before, or 0. Each
    /// comes with its number.
    ///
    /// # Errors
    ///
    /// If the server does not answer, or an event is not ours.
    pub async fn events(
        &self,
        space: &str,
        pool: &str,
        from: u64,
        after: i64,
        most: usize,
    ) -> Result<Vec<(i64, Event)>, Error> {
        let from = i64::try_from(from).unwrap_or(i64::MAX);
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let parameters: [Parameter<'_>; 5] = [
            (&space, Type::TEXT),
            (&pool, Type::TEXT),
            (&from, Type::INT8),
            (&after, Type::INT8),
            (&most, Type::INT8),
        ];
        let rows = self.query(EVENTS, &parameters).await?;
        self.numbered(&rows)
    }

    /// Reads so many events at the end of a pool's journal, or all if there are fewer, the oldest
    /// first. Each comes with its number.
    ///
    /// # Errors
    ///
    /// As of [`Connection::events`].
    pub async fn last_events(
        &self,
        space: &str,
        pool: &str,
        most: usize,
    ) -> Result<Vec<(i64, Event)>, Error> {
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let parameters: [Parameter<'_>; 3] = [
            (&space, Type::TEXT),
            (&pool, Type::TEXT),
            (&most, Type::INT8),
        ];
        let rows = self.query(LAST, &parameters).await?;
        self.numbered(&rows)
    }

    fn numbered(&self, rows: &[Row]) -> Result<Vec<(i64, Event)>, Error> {
        let events = rows.iter().map(|row| {
            let get = |error| self.failed(error);
            let (number, text): (i64, &str) =
                (row.try_get(0).map_err(get)?, row.try_get(1).map_err(get)?);
            let event = serde_json::from_str(text).map_err(|error| {
                let message = format!(
                    "{}: event {number} of `name_manager.journal` is not as it was written; delete its row",
                    self.server()
                );
                Error::new(Kind::Damaged, message).because(error)
            });
            Ok((number, event?))
        });
        events.collect()
    }

    /// Whether the lease of this name with this fence was released by its holder, as far as is
    /// still known.
    ///
    /// # Errors
    ///
    /// If the server does not answer.
    pub async fn was_released(
        &self,
        space: &str,
        pool: &str,
        name: &str,
        fence: u64,
    ) -> Result<bool, Error> {
        let fence = i64::try_from(fence).unwrap_or(i64::MAX);
        let parameters: [Parameter<'_>; 4] = [
            (&space, Type::TEXT),
            (&pool, Type::TEXT),
            (&name, Type::TEXT),
            (&fence, Type::INT8),
        ];
        let rows = self.query(RELEASED, &parameters).await?;
        Ok(!rows.is_empty())
    }

    /// Forgets the oldest events: of each project all but so many, and those that are older
    /// than so many days; and sessions that were last heard of as long ago.
    ///
    /// # Errors
    ///
    /// If the server does not answer.
    pub async fn prune(&self, most: u32, days: u16) -> Result<(), Error> {
        let (most, days) = (i64::from(most), i32::from(days));
        let parameters: [Parameter<'_>; 2] = [(&most, Type::INT8), (&days, Type::INT4)];
        self.query(PRUNE, &parameters).await?;
        let days: [Parameter<'_>; 1] = [(&days, Type::INT4)];
        self.query(PRUNE_SESSIONS, &days).await.map(drop)
    }
}
