//! A key of this process, as `#[serial(key)]` has it: its threads take turns, first come,
//! first served, and readers together. That is decided here, in memory, as no other process
//! has a say in it. What others see of it is written by the backend, under the name that
//! belongs to this process; and a wait is a wait like any other, with its notices, its
//! timeout, and the search for deadlocks.

use std::fmt;
use std::panic::Location;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::backend::ask::{Ask, GivenName, RequestId};
use crate::backend::own_name::{OwnName, OwnTurn};
use crate::backend::patience::Patience;
use crate::base::clock;
use crate::base::error::Result;
use crate::identity::asker;
use crate::lend::held::{self, HeldName, Who};
use crate::lend::lease;
use crate::pool::acquire::{self, Checked};
use crate::pool::opened::Opened;
use crate::terms::access::Access;
use crate::terms::record::{State, Tenure};
use crate::terms::want::Want;

/// A pool that is a key of this process.
pub(crate) struct Key {
    pool: Arc<Opened>,
    name: Arc<str>,
    index: usize,
    turns: Mutex<Turns>,
    changed: Condvar,
}

struct Turns {
    own: Box<dyn OwnName>,
    current: Vec<Current>,
    queue: Vec<Queued>,
    next_ticket: u64,
}

/// Who has the key.
struct Current {
    turn: OwnTurn,
    /// Among all that this process holds.
    lease: u64,
    /// So often: a thread that has the key has it again.
    times: usize,
}

struct Queued {
    ticket: u64,
    access: Access,
    openly: bool,
}

/// A wait that is shorter is told to nobody.
const UNTOLD: Duration = Duration::from_millis(2);

/// A thread has the key until this drops.
pub(crate) struct Turn {
    key: &'static Key,
    lease: u64,
    pid: u32,
}

impl Key {
    /// The key that this pool is; `None` if other processes have a say in it: if it is
    /// configured to have a size, or user code belongs to it, or its name is taken.
    pub(crate) fn of(pool: &Arc<Opened>) -> Result<Option<&'static Self>> {
        let mut keys = lock(&KEYS);
        if let Some((_, key)) = keys.iter().find(|(known, _)| Arc::ptr_eq(known, pool)) {
            return Ok(*key);
        }
        let key = Self::open(pool)?.map(|key| &*Box::leak(Box::new(key)));
        if let Some(key) = key {
            held::add_turns(key);
        }
        keys.push((pool.clone(), key));
        Ok(key)
    }

    fn open(pool: &Arc<Opened>) -> Result<Option<Self>> {
        if pool.config.names.capacity().is_some() || pool.needs_reaper()? {
            return Ok(None);
        }
        let name = pool.own_name()?;
        let index = pool.name_of(&name).index();
        let want = want(&name, Access::Exclusive);
        let holder = pool.asker(Location::caller())?;
        let ask = acquire::ask(pool, &want, given(&name, index), &holder)?;
        let Some(own) = pool.backend.own_name(&ask)? else {
            return Ok(None);
        };
        let turns = Turns {
            own,
            current: Vec::new(),
            queue: Vec::new(),
            next_ticket: 0,
        };
        Ok(Some(Self {
            pool: pool.clone(),
            name: name.into(),
            index,
            turns: Mutex::new(turns),
            changed: Condvar::new(),
        }))
    }

    /// Takes the key, waiting for it.
    pub(crate) fn take(&'static self, access: Access, place: &Location<'_>) -> Result<Turn> {
        let pid = std::process::id();
        let asker = asker::here(pid, place);
        let mut turns = lock(&self.turns);
        if let Some(current) = turns.again(access) {
            current.times += 1;
            let lease = current.lease;
            return Ok(self.turn(lease, pid));
        }
        let request = RequestId::next(pid);
        let mut waited = Duration::ZERO;
        if !turns.queue.is_empty() || !turns.admit(access) {
            let started = Instant::now();
            turns = self.wait(turns, access, request, place)?;
            waited = started.elapsed();
        }
        let turn = OwnTurn {
            asker,
            since: clock::now(),
            access,
            request,
        };
        let beside = !turns.current.is_empty();
        turns.own.begin(&turn, waited, beside);
        let lease = lease::next_key();
        turns.current.push(Current {
            turn,
            lease,
            times: 1,
        });
        Ok(self.turn(lease, pid))
    }

    fn turn(&'static self, lease: u64, pid: u32) -> Turn {
        Turn {
            key: self,
            lease,
            pid,
        }
    }

    /// Waits until it is the turn of this request.
    fn wait<'a>(
        &'a self,
        mut turns: MutexGuard<'a, Turns>,
        access: Access,
        request: RequestId,
        place: &Location<'_>,
    ) -> Result<MutexGuard<'a, Turns>> {
        let ticket = turns.queue_up(access);
        let soon = Instant::now() + UNTOLD;
        while !turns.is_turn_of(ticket) && Instant::now() < soon {
            turns = self.sleep(turns, soon);
        }
        let mut turn = Ok(());
        if !turns.is_turn_of(ticket) {
            drop(turns);
            turn = self.wait_openly(ticket, access, request, place);
            // Nobody takes the turn before that: they queue behind this ticket.
            turns = lock(&self.turns);
        }
        turns.leave_queue(ticket);
        // The next may be a reader beside this one.
        self.changed.notify_all();
        turn.map(|()| turns)
    }

    /// Waits as for any name: it is seen, says for whom it waits, and may give up. The turns
    /// are not locked when the wait ends, which looks at all that the thread holds.
    fn wait_openly(
        &self,
        ticket: u64,
        access: Access,
        request: RequestId,
        place: &Location<'_>,
    ) -> Result<()> {
        let holder = self.pool.asker(place)?;
        let (want, given) = (want(&self.name, access), given(&self.name, self.index));
        let ask = Ask {
            request,
            ..acquire::ask(&self.pool, &want, given, &holder)?
        };
        let mut wait = acquire::begin(&self.pool, &ask, acquire::timeout(&self.pool, &want))?;
        lock(&self.turns).wait_openly(ticket);
        wait.blocked();
        let mut was_first = None;
        loop {
            let turns = lock(&self.turns);
            if turns.is_turn_of(ticket) {
                return Ok(());
            }
            let is_first = turns.is_first(ticket);
            if was_first.replace(is_first) == Some(is_first) {
                drop(self.sleep(turns, wait.until()));
            } else {
                drop(turns);
                wait.beside(is_first);
            }
            wait.tick()?;
        }
    }

    fn sleep<'a>(&self, turns: MutexGuard<'a, Turns>, until: Instant) -> MutexGuard<'a, Turns> {
        let left = until.saturating_duration_since(Instant::now());
        let woken = self.changed.wait_timeout(turns, left);
        woken.unwrap_or_else(PoisonError::into_inner).0
    }

    fn is_held(&self) -> bool {
        lock(&self.turns).again(Access::Exclusive).is_some()
    }
}

impl Turns {
    /// The turn of this thread, if it allows this access. A reader has none for a writer: it
    /// would wait for itself, and is told so when it asks.
    fn again(&mut self, access: Access) -> Option<&mut Current> {
        if self.current.is_empty() {
            return None;
        }
        self.current.iter_mut().find(|current| {
            let OwnTurn {
                asker,
                access: allowed,
                ..
            } = &current.turn;
            (*allowed == Access::Exclusive || access == Access::Shared) && asker::is_here(asker)
        })
    }

    /// Whether it can begin beside those who have the key.
    fn admit(&self, access: Access) -> bool {
        let is_reader = |current: &Current| current.turn.access == Access::Shared;
        match access {
            Access::Exclusive => self.current.is_empty(),
            Access::Shared => self.current.iter().all(is_reader),
        }
    }

    fn queue_up(&mut self, access: Access) -> u64 {
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        self.queue.push(Queued {
            ticket,
            access,
            openly: false,
        });
        ticket
    }

    fn wait_openly(&mut self, ticket: u64) {
        let mut queue = self.queue.iter_mut();
        if let Some(queued) = queue.find(|queued| queued.ticket == ticket) {
            queued.openly = true;
        }
        self.own.is_awaited(true);
    }

    /// The turn, if the thread has it no more.
    fn leave(&mut self, lease: u64) -> Option<Current> {
        let (current, mut mine) = (&mut self.current[..], 0);
        while mine < current.len() && current[mine].lease != lease {
            mine += 1;
        }
        if mine == current.len() {
            return None;
        }
        current[mine].times -= 1;
        match current[mine].times {
            0 => Some(self.current.swap_remove(mine)),
            _ => None,
        }
    }

    fn leave_queue(&mut self, ticket: u64) {
        self.queue.retain(|queued| queued.ticket != ticket);
        if !self.queue.iter().any(|queued| queued.openly) {
            self.own.is_awaited(false);
        }
    }

    fn is_first(&self, ticket: u64) -> bool {
        let first = self.queue.first();
        first.is_some_and(|first| first.ticket == ticket)
    }

    fn is_turn_of(&self, ticket: u64) -> bool {
        let first = self.queue.first();
        first.is_some_and(|first| first.ticket == ticket && self.admit(first.access))
    }
}

impl held::Turns for Key {
    fn by(&self, token: &str) -> Option<HeldName> {
        let turns = lock(&self.turns);
        let mut current = turns.current.iter();
        let current = current.find(|current| current.turn.asker.token() == token)?;
        Some(HeldName {
            lease: current.lease,
            holder: Who::Asker(current.turn.asker.clone()),
            backend: self.pool.backend.clone(),
            name: self.name.clone(),
        })
    }

    fn publish(&self, lease: u64, change: &dyn Fn(&mut Tenure)) {
        let turns = lock(&self.turns);
        let mut current = turns.current.iter();
        if let Some(current) = current.find(|current| current.lease == lease) {
            let token = current.turn.asker.token();
            self.pool.backend.publish(&self.name, &token, change);
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        // A forked child has only a copy of what its parent has; and a thread that it has no
        // copy of may have locked that.
        if self.pid != std::process::id() {
            return;
        }
        let mut turns = lock(&self.key.turns);
        let turns = &mut *turns;
        let Some(ended) = turns.leave(self.lease) else {
            return;
        };
        let after = match thread::panicking() && !ended.turn.asker.must_panic {
            true => (State::Dirty, Some("its test panicked")),
            false => (State::Clean, None),
        };
        turns.own.end(&ended.turn, after);
        if !turns.queue.is_empty() {
            self.key.changed.notify_all();
        }
    }
}

impl fmt::Debug for Turn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (pool, lease) = (&self.key.pool, self.lease);
        f.debug_struct("Turn")
            .field("pool", pool)
            .field("lease", &lease)
            .finish()
    }
}

/// Whether this thread has a key of this name exclusively.
pub(crate) fn is_held(pool: &str) -> bool {
    let keys = lock(&KEYS);
    let mut keys = keys.iter().filter_map(|(_, key)| *key);
    keys.any(|key| *key.pool.name == *pool && key.is_held())
}

type Known = (Arc<Opened>, Option<&'static Key>);
static KEYS: Mutex<Vec<Known>> = Mutex::new(Vec::new());

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Each change is whole, whatever panics elsewhere.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn want(name: &str, access: Access) -> Want {
    Want {
        access,
        name: Some(name.to_owned()),
        ..Want::default()
    }
}

fn given(name: &str, index: usize) -> Checked<'_> {
    Checked {
        count: 1,
        given: Some(GivenName { index, name }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::Local;
    use crate::memory::session::config;

    /// A key of a state directory of its own.
    fn key() -> (tempfile::TempDir, &'static Key) {
        let dir = tempfile::tempdir().unwrap();
        let mut config = config("serial", None);
        config.state_dir = dir.path().to_owned();
        let pool: Arc<str> = "serial".into();
        let backend = Arc::new(Local::open(dir.path(), &pool).unwrap());
        let opened = Arc::new(Opened::over(pool, config, backend));
        let key = Key::of(&opened).unwrap().expect("nobody else has a say");
        (dir, key)
    }

    fn take(key: &'static Key, access: Access) -> Turn {
        key.take(access, Location::caller()).unwrap()
    }

    /// Waits until so many are queued.
    fn queued(key: &Key, count: usize) {
        while lock(&key.turns).queue.len() != count {
            thread::yield_now();
        }
    }

    #[test]
    fn turns_are_taken_in_the_order_of_arrival_and_readers_together() {
        use Access::{Exclusive, Shared};
        let (_dir, key) = key();
        let begun = Mutex::new(Vec::new());
        let readers = std::sync::Barrier::new(2);
        let first = take(key, Shared);
        thread::scope(|scope| {
            for (number, access) in [Exclusive, Shared, Shared, Exclusive]
                .into_iter()
                .enumerate()
            {
                let (begun, readers) = (&begun, &readers);
                scope.spawn(move || {
                    let _turn = take(key, access);
                    lock(begun).push(access);
                    if access == Shared {
                        readers.wait();
                    }
                });
                queued(key, number + 1);
            }
            assert!(lock(&begun).is_empty(), "a reader overtakes a writer");
            drop(first);
        });
        assert_eq!(*lock(&begun), [Exclusive, Shared, Shared, Exclusive]);
    }

    #[test]
    fn a_thread_that_has_a_key_waits_for_another_openly_and_has_both() {
        let ((_dir, first), (_other_dir, second)) = (key(), key());
        let turn = take(second, Access::Exclusive);
        thread::scope(|scope| {
            let waiter = scope.spawn(move || {
                let _first = take(first, Access::Exclusive);
                let _second = take(second, Access::Exclusive);
                assert!(first.is_held() && second.is_held());
            });
            while !lock(&second.turns).queue.iter().any(|queued| queued.openly) {
                thread::yield_now();
            }
            drop(turn);
            waiter.join().unwrap();
        });
        assert!(!second.is_held());
    }

    #[test]
    fn a_thread_has_its_turn_again_and_the_last_one_ends_it() {
        let (_dir, key) = key();
        let outer = take(key, Access::Exclusive);
        let inner = take(key, Access::Exclusive);
        let reader = take(key, Access::Shared);
        drop((outer, reader));
        assert!(key.is_held());
        drop(inner);
        assert!(!key.is_held());
    }

    #[test]
    fn a_reader_that_wants_to_write_is_told_that_it_would_wait_for_itself() {
        let (_dir, key) = key();
        let _reader = take(key, Access::Shared);
        let error = key.take(Access::Exclusive, Location::caller()).unwrap_err();
        let text = error.to_string();
        assert!(error.is_already_held(), "{text}");
        assert!(
            text.contains("write `#[serial]` on the test that holds it"),
            "{text}"
        );
        assert!(lock(&key.turns).queue.is_empty());
    }
}
