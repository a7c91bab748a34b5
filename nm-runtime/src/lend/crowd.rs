//! The requests of one process that wait for one pool: they say so together.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

static CROWDS: Mutex<Vec<Crowd>> = Mutex::new(Vec::new());

#[derive(Debug)]
struct Crowd {
    key: Key,
    /// When each began.
    waiting: Vec<Instant>,
    /// When it last said that it waits.
    said: Option<Instant>,
}

/// The process (a session of a test stands for one) and the pool.
type Key = (u32, String);

/// A request's part in the crowd, until it drops.
#[derive(Debug)]
pub(crate) struct Part {
    key: Key,
    since: Instant,
}

/// What a request has to do that may have to say that it waits.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// It speaks for all of them.
    Speak {
        /// How many wait.
        count: usize,
        /// Since when the first of them does.
        since: Instant,
    },
    /// One has spoken for it; not before this.
    Wait(Instant),
}

impl Part {
    pub(crate) fn join(process: u32, pool: &str, since: Instant) -> Self {
        let key = (process, pool.to_owned());
        let mut crowds = lock();
        match crowds.iter_mut().find(|crowd| crowd.key == key) {
            Some(crowd) => crowd.waiting.push(since),
            None => crowds.push(Crowd {
                key: key.clone(),
                waiting: vec![since],
                said: None,
            }),
        }
        Self { key, since }
    }

    /// Whether it is this one's turn to say that they wait: one of them does, so often.
    pub(crate) fn turn(&self, now: Instant, pause: Duration) -> Turn {
        let mut crowds = lock();
        let Some(crowd) = crowds.iter_mut().find(|crowd| crowd.key == self.key) else {
            let (count, since) = (1, self.since);
            return Turn::Speak { count, since };
        };
        let next = crowd.said.map(|said| said + pause);
        match next.filter(|next| now < *next) {
            Some(next) => Turn::Wait(next),
            None => {
                crowd.said = Some(now);
                let first = crowd.waiting.iter().min();
                Turn::Speak {
                    count: crowd.waiting.len(),
                    since: *first.unwrap_or(&self.since),
                }
            }
        }
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        let mut crowds = lock();
        let Some(at) = crowds.iter().position(|crowd| crowd.key == self.key) else {
            return;
        };
        let waiting = &mut crowds[at].waiting;
        if let Some(own) = waiting.iter().position(|since| *since == self.since) {
            waiting.swap_remove(own);
        }
        if waiting.is_empty() {
            crowds.swap_remove(at);
        }
    }
}

fn lock() -> MutexGuard<'static, Vec<Crowd>> {
    // Each change is whole, whatever panics elsewhere.
    CROWDS.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAUSE: Duration = Duration::from_secs(30);

    #[test]
    fn one_speaks_for_all_that_wait_for_the_pool_until_the_pause_is_over() {
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let join = |pool, seconds| Part::join(u32::MAX, pool, after(seconds));
        let (first, second, other) = (join("db", 0), join("db", 1), join("app", 1));
        let speaks = |count, seconds| Turn::Speak {
            count,
            since: after(seconds),
        };
        assert_eq!(first.turn(after(1), PAUSE), speaks(2, 0));
        assert_eq!(second.turn(after(2), PAUSE), Turn::Wait(after(31)));
        assert_eq!(other.turn(after(2), PAUSE), speaks(1, 1));
        drop(first);
        assert_eq!(second.turn(after(31), PAUSE), speaks(1, 1));
        drop(second);
        assert_eq!(join("db", 32).turn(after(33), PAUSE), speaks(1, 32));
    }
}
