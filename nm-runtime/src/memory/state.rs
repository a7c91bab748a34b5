//! What is known about one pool: plain data, and what it allows.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar};

use crate::backend::ask::Ask;
use crate::backend::broken::{self, Broken};
use crate::backend::decisions::{Asker, Decisions};
use crate::backend::snapshot::BlockedHead;
use crate::base::error::Result;
use crate::terms::access::Access;
use crate::terms::code::PoolCode;
use crate::terms::declaration::Declaration;
use crate::terms::event::Event;
use crate::terms::pool_life::{PoolHook, PoolLife};
use crate::terms::record::Record;

#[derive(Debug)]
pub(crate) struct State {
    /// The pool was removed: later requests find another pool with this name.
    pub(crate) removed: bool,
    /// Of names that were ever lent.
    pub(crate) records: BTreeMap<String, Record>,
    locks: BTreeMap<Thing, Vec<Lock>>,
    /// Waiters, in arrival order.
    pub(crate) seats: Vec<Seat>,
    pub(crate) decisions: Decisions,
    pub(crate) journal: Vec<Event>,
    pub(crate) declared: Vec<Declaration>,
    pub(crate) life: PoolLife,
    pub(crate) code: PoolCode,
    last: u64,
}

/// What can be locked, by readers or by one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Thing {
    /// A name of the pool: the owner of the lock holds it.
    Name(String),
    /// A run, shared by its processes.
    Alive(String),
    /// The part of a run's reaper.
    Reaper(String),
    /// The start of a run's reaper.
    Start(String),
    /// The pool's life.
    Life,
    /// The right to ask the allocator.
    Decisions,
    /// The turn to clean, among the reapers of several runs.
    Turn,
}

#[derive(Debug)]
struct Lock {
    key: u64,
    pid: u32,
    access: Access,
}

/// A waiter's place.
#[derive(Debug)]
pub(crate) struct Seat {
    pub(crate) number: u64,
    pub(crate) pid: u32,
    pub(crate) test: String,
    pub(crate) line: Line,
    /// It has looked, found nothing for it, and nothing has changed since.
    pub(crate) parked: bool,
    pub(crate) woken: Arc<Condvar>,
}

/// What a waiter waits for.
#[derive(Debug)]
pub(crate) enum Line {
    /// In the pool's queue; with what is published of it once it blocks as the head.
    Queue(Option<Box<BlockedHead>>),
    /// In the pool's queue, for what the allocator grants.
    Asking(Asker),
    /// Beside the queue, for this name. The first one has it reserved.
    Name(String),
    /// For something that has no order.
    Aside,
}

/// What a look at one name finds.
enum Look {
    /// It can be taken: it is free, or held by readers.
    Free {
        alone: bool,
    },
    Busy,
    /// With the reason.
    Broken(String),
}

/// A name that a request can have.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) index: usize,
    pub(crate) name: String,
    /// No other request holds it.
    pub(crate) alone: bool,
}

impl State {
    pub(crate) fn new() -> Self {
        Self {
            removed: false,
            records: BTreeMap::new(),
            locks: BTreeMap::new(),
            seats: Vec::new(),
            decisions: Decisions::none(),
            journal: Vec::new(),
            declared: Vec::new(),
            life: PoolLife::default(),
            code: PoolCode::default(),
            last: 0,
        }
    }

    fn next(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    /// Whether it could be locked now.
    fn is_open(&self, thing: &Thing, access: Access) -> bool {
        let mut locks = self.locks.get(thing).into_iter().flatten();
        locks.all(|lock| (lock.access, access) == (Access::Shared, Access::Shared))
    }

    pub(crate) fn is_locked(&self, thing: &Thing) -> bool {
        !self.is_open(thing, Access::Exclusive)
    }

    /// Whether processes share the run: its reaper has it alone once it is over.
    pub(crate) fn is_running(&self, run: &str) -> bool {
        let alive = Thing::Alive(run.to_owned());
        self.is_locked(&alive) && self.is_open(&alive, Access::Shared)
    }

    /// The pool's hook that is running.
    pub(crate) fn running_hook(&self) -> Option<PoolHook> {
        let hook = self.life.hook.as_ref();
        hook.filter(|_| self.is_locked(&Thing::Life)).cloned()
    }

    /// The key to unlock it with; `None` if another lock is in the way.
    pub(crate) fn lock(&mut self, thing: &Thing, pid: u32, access: Access) -> Option<u64> {
        if !self.is_open(thing, access) {
            return None;
        }
        let key = self.next();
        let locks = self.locks.entry(thing.clone()).or_default();
        locks.push(Lock { key, pid, access });
        Some(key)
    }

    /// Lets readers in beside this lock.
    pub(crate) fn share(&mut self, thing: &Thing, key: u64) {
        let locks = self.locks.get_mut(thing).into_iter().flatten();
        for lock in locks.filter(|lock| lock.key == key) {
            lock.access = Access::Shared;
        }
        self.wake();
    }

    pub(crate) fn unlock(&mut self, thing: &Thing, key: u64) {
        if let Some(locks) = self.locks.get_mut(thing) {
            locks.retain(|lock| lock.key != key);
        }
        match thing {
            // Who asked the allocator has changed nothing for the others by that.
            Thing::Decisions => self.wake_aside(),
            _ => self.wake(),
        }
    }

    /// Ends all that a process holds and waits for here.
    pub(crate) fn end_process(&mut self, pid: u32) {
        for locks in self.locks.values_mut() {
            locks.retain(|lock| lock.pid != pid);
        }
        self.notify(pid);
        self.seats.retain(|seat| seat.pid != pid);
        self.wake();
    }

    /// Wakes the threads of a process, which finds out what has become of it.
    pub(crate) fn notify(&self, pid: u32) {
        let own = self.seats.iter().filter(|seat| seat.pid == pid);
        own.for_each(|seat| seat.woken.notify_all());
    }

    pub(crate) fn remove(&mut self) {
        self.removed = true;
        for seat in &mut self.seats {
            seat.wake();
        }
    }

    pub(crate) fn sit(&mut self, line: Line, pid: u32, test: &str) -> u64 {
        let number = self.next();
        self.seats.push(Seat {
            number,
            pid,
            test: test.to_owned(),
            line,
            parked: false,
            woken: Arc::default(),
        });
        number
    }

    pub(crate) fn stand_up(&mut self, number: u64) {
        // A killed process has lost its seats before its threads leave them.
        let Some(at) = self.seats.iter().position(|seat| seat.number == number) else {
            return;
        };
        let left = self.seats.remove(at);
        if !matches!(left.line, Line::Aside) {
            self.wake();
        }
    }

    pub(crate) fn seat(&mut self, number: u64) -> &mut Seat {
        let mut seats = self.seats.iter_mut();
        let seat = seats.find(|seat| seat.number == number);
        seat.expect("a seat is there until its waiter leaves it")
    }

    /// Wakes those that may find something for them now.
    pub(crate) fn wake(&mut self) {
        let mut in_queue = false;
        let mut reserved: Vec<String> = Vec::new();
        for seat in &mut self.seats {
            let is_first = match &seat.line {
                Line::Queue(_) => !std::mem::replace(&mut in_queue, true),
                Line::Asking(_) => {
                    in_queue = true;
                    true
                }
                Line::Name(name) if reserved.contains(name) => false,
                Line::Name(name) => {
                    reserved.push(name.clone());
                    true
                }
                Line::Aside => true,
            };
            if is_first {
                seat.wake();
            }
        }
    }

    fn wake_aside(&mut self) {
        for seat in &mut self.seats {
            if matches!(seat.line, Line::Aside) {
                seat.wake();
            }
        }
    }

    /// The pool's queue, its head first.
    pub(crate) fn queue(&self) -> impl Iterator<Item = &Seat> {
        let mut seats = self.seats.iter();
        let queues = |seat: &&Seat| matches!(seat.line, Line::Queue(_) | Line::Asking(_));
        std::iter::from_fn(move || seats.find(queues))
    }

    /// Those in the queue that ask the allocator.
    pub(crate) fn askers(&self) -> Vec<Asker> {
        let seats = self.seats.iter().filter_map(|seat| match &seat.line {
            Line::Asking(asker) => Some(asker.clone()),
            _ => None,
        });
        seats.collect()
    }

    pub(crate) fn is_head(&self, number: u64) -> bool {
        self.queue()
            .next()
            .is_some_and(|head| head.number == number)
    }

    /// The waiter that has this name reserved.
    pub(crate) fn reserved_for(&self, name: &str) -> Option<u64> {
        let waits = |seat: &&Seat| matches!(&seat.line, Line::Name(wanted) if wanted == name);
        self.seats.iter().find(waits).map(|seat| seat.number)
    }

    fn look(&self, ask: &Ask<'_>, number: u64, name: &str) -> Look {
        if self.reserved_for(name).is_some_and(|by| by != number) {
            return Look::Busy;
        }
        let thing = Thing::Name(name.to_owned());
        let alone = self.is_open(&thing, Access::Exclusive);
        if !alone && !self.is_open(&thing, ask.want.access) {
            return Look::Busy;
        }
        let record = self.records.get(name);
        match record.and_then(|record| broken::reason(ask, name, record)) {
            Some(reason) => Look::Broken(reason),
            None => Look::Free { alone },
        }
    }

    /// This name, if the waiter with this number can have it.
    pub(crate) fn choose_one(
        &self,
        ask: &Ask<'_>,
        number: u64,
        index: usize,
        name: &str,
    ) -> Result<Option<Choice>> {
        match self.look(ask, number, name) {
            Look::Busy => Ok(None),
            Look::Broken(reason) => Err(broken::error(ask.pool, &reason)),
            Look::Free { alone } => Ok(Some(Choice {
                index,
                name: name.to_owned(),
                alone,
            })),
        }
    }

    /// What the waiter with this number can have: fewer than it asks for if no more
    /// are free.
    pub(crate) fn choose(&self, ask: &Ask<'_>, number: u64) -> Result<Vec<Choice>> {
        let capacity = ask.names.capacity();
        let mut broken = Broken::default();
        // Before others: readers join readers, and a warm name needs no `init`.
        let (mut better, mut others) = (Vec::new(), Vec::new());
        for index in (ask.first..capacity.unwrap_or(usize::MAX)).chain(0..ask.first) {
            let Some(name) = ask.names.get(index) else {
                break;
            };
            let record = self.records.get(&*name);
            let enough = better.len() + others.len() >= ask.count;
            // No name after this one of an unbounded pool is any better.
            if better.len() >= ask.count || (enough && capacity.is_none() && record.is_none()) {
                break;
            }
            let alone = match self.look(ask, number, &name) {
                Look::Busy => continue,
                Look::Broken(reason) => {
                    broken.add(reason);
                    continue;
                }
                Look::Free { alone } => alone,
            };
            let is_better = match ask.want.access {
                Access::Shared => !alone,
                Access::Exclusive if ask.warm_first => match record {
                    Some(record) => {
                        record.is_warm(&ask.holder.run, &mut |run| Ok(self.is_running(run)))?
                    }
                    None => false,
                },
                Access::Exclusive => true,
            };
            let name = name.into_owned();
            let choice = Choice { index, name, alone };
            match is_better {
                true => better.push(choice),
                false => others.push(choice),
            }
        }
        broken.check(ask)?;
        better.extend(others);
        better.truncate(ask.count);
        Ok(better)
    }

    /// Whether this name has no holder.
    pub(crate) fn is_free(&self, name: &str) -> bool {
        !self.is_locked(&Thing::Name(name.to_owned()))
    }
}

impl Seat {
    fn wake(&mut self) {
        self.parked = false;
        self.woken.notify_all();
    }
}
