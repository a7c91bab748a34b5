//! Who may be declared dead, and when names may be granted again after a restart: what
//! did not change for the time of a lease, seen by one agent, on its own clock.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::id::Session;
use crate::server::{Server, Start};

/// A value, and since when it has been seen unchanged, of one process of the server and
/// over one connection. Behind a pooler one connection may lead to several processes; and
/// a new connection may lead to one that lags behind.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Watched<V> {
    value: V,
    start: Start,
    connection: u64,
    since: Duration,
}

impl<V: PartialEq> Watched<V> {
    /// Seen for the first time.
    pub fn new(value: V, start: Start, connection: u64, now: Duration) -> Self {
        Self {
            value,
            start,
            connection,
            since: now,
        }
    }

    /// Seen again: for how long it has been the same.
    pub fn see(&mut self, value: V, start: Start, connection: u64, now: Duration) -> Duration {
        let seen = Self::new(value, start, connection, now);
        let is_same = (&self.value, self.start, self.connection)
            == (&seen.value, seen.start, seen.connection);
        if !is_same {
            *self = seen;
        }
        now.saturating_sub(self.since)
    }
}

/// What a register says of one session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Seen {
    /// Its last beat.
    Beat(u64),
    /// It was declared dead.
    Dead,
    /// It is not there: the server forgot it.
    Missing,
}

/// What one look at a register has found.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Look {
    /// When the process that answered started.
    pub start: Start,
    /// The row for the server.
    pub server: Server,
    /// The sessions that hold something in the pool, or wait for it.
    pub sessions: BTreeMap<Session, Seen>,
}

/// What is to be done by compare-and-swap with what was seen. Each is done at most once, by
/// whoever is first.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Due {
    /// Replaces the row for the server.
    Server {
        /// As it was seen.
        was: Server,
        /// As it shall be.
        row: Server,
    },
    /// Declares a session dead, unless it has had another beat.
    Bury(Session, Seen),
}

/// An agent that looks at a register.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Observer {
    lease: Duration,
    sessions: BTreeMap<Session, Watched<Seen>>,
    server: Option<Watched<Server>>,
    /// The highest that was ever seen: a server may have forgotten it.
    epoch: u64,
}

impl Observer {
    /// It has seen nothing yet, and waits so long before it declares a session dead.
    pub fn new(lease: Duration) -> Self {
        Self {
            lease,
            sessions: BTreeMap::new(),
            server: None,
            epoch: 0,
        }
    }

    /// What is due after this look. `connection` is another number whenever a connection was
    /// made anew, or our own beats were disturbed, and `None` while they are
    /// ([`Beats::undisturbed`](crate::Beats::undisturbed)): all is watched anew from then on.
    pub fn look(&mut self, look: &Look, connection: Option<u64>, now: Duration) -> Vec<Due> {
        let start = look.start;
        self.epoch = self.epoch.max(look.server.epoch);
        let mut due = Vec::new();
        if look.server.start != start {
            due.push(Due::Server {
                was: look.server,
                row: Server {
                    start,
                    calm: false,
                    epoch: self.epoch + 1,
                },
            });
            self.server = None;
        } else if let (Some(connection), false) = (connection, look.server.calm) {
            let watched = Watched::new(look.server, start, connection, now);
            let watched = self.server.get_or_insert(watched);
            if watched.see(look.server, start, connection, now) >= self.lease {
                due.push(Due::Server {
                    was: look.server,
                    row: Server {
                        calm: true,
                        ..look.server
                    },
                });
            }
        }
        let Some(connection) = connection else {
            self.sessions.clear();
            self.server = None;
            return due;
        };
        self.sessions
            .retain(|session, _| look.sessions.contains_key(session));
        for (&session, &seen) in &look.sessions {
            if seen == Seen::Dead {
                continue;
            }
            let watched = Watched::new(seen, start, connection, now);
            let watched = self.sessions.entry(session).or_insert(watched);
            if watched.see(seen, start, connection, now) >= self.lease {
                due.push(Due::Bury(session, seen));
            }
        }
        due
    }

    /// Since when a session has not been heard of, for people.
    pub fn silent(&self, session: Session, now: Duration) -> Option<Duration> {
        let watched = self.sessions.get(&session)?;
        Some(now.saturating_sub(watched.since))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: fn(u64) -> Duration = Duration::from_secs;
    const X: Session = Session(7);
    const CALM: Server = Server {
        start: Start(1),
        calm: true,
        epoch: 3,
    };

    fn look(server: Server, start: i64, seen: Seen) -> Look {
        Look {
            start: Start(start),
            server,
            sessions: [(X, seen)].into(),
        }
    }

    /// Looks at these times, and says when something was due.
    fn buried(looks: &[(u64, i64, Seen)], interrupted_at: Option<u64>) -> Vec<u64> {
        let mut observer = Observer::new(S(30));
        let mut times = Vec::new();
        for &(at, start, seen) in looks {
            let connection = match interrupted_at {
                Some(then) if then == at => None,
                _ => Some(0),
            };
            let server = Server {
                start: Start(start),
                ..CALM
            };
            let due = observer.look(&look(server, start, seen), connection, S(at));
            assert!(due.iter().all(|due| *due == Due::Bury(X, seen)), "{due:?}");
            if !due.is_empty() {
                times.push(at);
            }
        }
        times
    }

    #[test]
    fn a_session_is_dead_once_its_beat_has_not_changed_for_a_lease() {
        use Seen::{Beat, Dead, Missing};
        for (looks, expected) in [
            (
                vec![(0, 1, Beat(5)), (29, 1, Beat(5)), (30, 1, Beat(5))],
                vec![30],
            ),
            (
                vec![
                    (0, 1, Beat(5)),
                    (29, 1, Beat(6)),
                    (30, 1, Beat(6)),
                    (59, 1, Beat(6)),
                ],
                vec![59],
            ),
            // One that was forgotten is watched like another.
            (vec![(0, 1, Missing), (30, 1, Missing)], vec![30]),
            (vec![(0, 1, Beat(5)), (30, 1, Missing)], vec![]),
            (vec![(0, 1, Beat(5)), (30, 1, Dead), (99, 1, Dead)], vec![]),
            // Another process of the server: behind a pooler the connection stays.
            (
                vec![
                    (0, 1, Beat(5)),
                    (30, 2, Beat(5)),
                    (59, 2, Beat(5)),
                    (60, 2, Beat(5)),
                ],
                vec![60],
            ),
        ] {
            assert_eq!(buried(&looks, None), expected, "{looks:?}");
        }
    }

    #[test]
    fn an_interruption_begins_the_watch_anew() {
        let beats = [0, 20, 21, 30, 50, 51].map(|at| (at, 1, Seen::Beat(5)));
        assert_eq!(buried(&beats, Some(20)), [51]);
    }

    #[test]
    fn a_new_process_freezes_grants_for_a_lease() {
        let mut observer = Observer::new(S(30));
        let due = observer.look(&look(CALM, 2, Seen::Dead), Some(0), S(0));
        let frozen = Server {
            start: Start(2),
            calm: false,
            epoch: 4,
        };
        let begin = Due::Server {
            was: CALM,
            row: frozen,
        };
        assert_eq!(due, [begin]);
        assert!(
            observer
                .look(&look(frozen, 2, Seen::Dead), Some(0), S(1))
                .is_empty()
        );
        assert!(
            observer
                .look(&look(frozen, 2, Seen::Dead), Some(0), S(30))
                .is_empty()
        );
        let calm = Server {
            calm: true,
            ..frozen
        };
        let end = Due::Server {
            was: frozen,
            row: calm,
        };
        assert_eq!(
            observer.look(&look(frozen, 2, Seen::Dead), Some(0), S(31)),
            [end]
        );
    }

    #[test]
    fn a_second_restart_begins_the_freeze_anew_behind_a_pooler_too() {
        let mut observer = Observer::new(S(30));
        let frozen = |start| Server {
            start: Start(start),
            calm: false,
            epoch: 4,
        };
        assert!(
            observer
                .look(&look(frozen(1), 1, Seen::Dead), Some(0), S(0))
                .is_empty()
        );
        let due = observer.look(&look(frozen(1), 2, Seen::Dead), Some(0), S(29));
        assert_eq!(due.len(), 1, "{due:?}");
        assert!(
            observer
                .look(&look(frozen(2), 2, Seen::Dead), Some(0), S(30))
                .is_empty()
        );
        assert!(
            observer
                .look(&look(frozen(2), 2, Seen::Dead), Some(0), S(59))
                .is_empty()
        );
        assert_eq!(
            observer
                .look(&look(frozen(2), 2, Seen::Dead), Some(0), S(60))
                .len(),
            1
        );
    }

    #[test]
    fn an_epoch_that_the_server_forgot_is_not_used_again() {
        let mut observer = Observer::new(S(30));
        observer.look(
            &look(Server { epoch: 9, ..CALM }, 1, Seen::Dead),
            Some(0),
            S(0),
        );
        let due = observer.look(&look(CALM, 2, Seen::Dead), Some(0), S(1));
        let is_above = |due: &Due| matches!(due, Due::Server { row, .. } if row.epoch == 10);
        assert!(due.iter().all(is_above), "{due:?}");
    }
}
