//! From a request to the names that it is granted.

use std::sync::Arc;
use std::time::{Duration, Instant};

#[cfg(feature = "tools")]
use crate::backend::ask::RequestId;
use crate::backend::ask::{Answer, Ask, GivenName, Granted};
use crate::backend::decisions::{ASK_AGAIN, Asker, Decided, Decisions};
use crate::backend::missing_code;
use crate::backend::patience::Patience;
use crate::backend::snapshot::BlockedHead;
#[cfg(feature = "tools")]
use crate::backend::snapshot::Forgotten;
use crate::base::clock;
use crate::base::error::Result;
use crate::memory::hold::Held;
use crate::memory::journal::log;
use crate::memory::state::{Choice, Line, State, Thing};
use crate::memory::wait::{Locked, Part, Place};
use crate::terms::access::Access;
use crate::terms::code::{Code, PoolCode};
use crate::terms::decision::{Assigned, Decide};
#[cfg(feature = "tools")]
use crate::terms::event::Phase;
use crate::terms::event::{Entry, Kind};
#[cfg(feature = "tools")]
use crate::terms::holder::Holder;
use crate::terms::record::{Record, Tenure};

/// A name whose lock is held, not yet a lease.
struct Taken {
    choice: Choice,
    lock: Locked,
    assigned: Option<Assigned>,
}

/// Takes what is wanted, waiting for it.
pub(crate) fn acquire(
    part: &Arc<Part>,
    ask: &Ask<'_>,
    patience: &mut dyn Patience,
) -> Result<Answer> {
    if let (None, Some(allocator)) = (ask.given, ask.decide) {
        let taken = take_assigned(part, ask, allocator, patience)?;
        let waited = patience.waited().unwrap_or_default();
        return grant(part, ask, taken, waited).map(Answer::Granted);
    }
    let place = part.sit(Line::Queue(None), &ask.holder.test)?;
    if !part.enter_current()?.is_head(place.number) {
        patience.blocked();
        let is_head = |state: &mut State| Ok(state.is_head(place.number).then_some(()));
        place.wait(Some(patience), is_head)?;
    }
    let taken = match (try_now(part, ask, &place)?, ask.given) {
        (Some(taken), _) => taken,
        (None, Some(given)) => take_beside(part, ask, given, &place, patience)?,
        (None, None) => take_any(part, ask, &place, patience)?,
    };
    let waited = patience.waited().unwrap_or_default();
    grant(part, ask, taken, waited).map(Answer::Granted)
}

/// How long `try_acquire` waits for another thread that is just taking a name.
const TRY_FOR: Duration = Duration::from_millis(2);

/// Takes what is wanted if it is free now.
pub(crate) fn try_acquire(part: &Arc<Part>, ask: &Ask<'_>) -> Result<Answer> {
    let Some(place) = head_soon(part, &ask.holder.test)? else {
        return Ok(Answer::Busy);
    };
    let Some(taken) = try_now(part, ask, &place)? else {
        return Ok(Answer::Busy);
    };
    grant(part, ask, taken, Duration::ZERO).map(Answer::Granted)
}

/// Becomes the head of the queue if there are no waiters in it. Another thread may just
/// be taking a name: it is given a moment.
pub(crate) fn head_soon<'a>(part: &'a Part, test: &str) -> Result<Option<Place<'a>>> {
    let until = Instant::now() + TRY_FOR;
    let place = part.sit(Line::Aside, test)?;
    loop {
        {
            let mut state = part.enter_current()?;
            if state.queue().next().is_none() {
                state.seat(place.number).line = Line::Queue(None);
                break;
            }
            if state.queue().any(|seat| seat.parked) || Instant::now() >= until {
                return Ok(None);
            }
            state.seat(place.number).parked = true;
        }
        place.sleep(Some(until))?;
    }
    Ok(Some(place))
}

/// What the head of the queue can have now.
fn try_now(part: &Arc<Part>, ask: &Ask<'_>, place: &Place<'_>) -> Result<Option<Vec<Taken>>> {
    match (ask.given, ask.decide) {
        (Some(given), _) => take_given(part, &mut *part.enter_current()?, ask, given, place),
        (None, Some(allocator)) => {
            let _turn = part.lock(Thing::Decisions, Access::Exclusive, None)?;
            try_assigned(part, ask, allocator, place)
        }
        (None, None) => try_any(part, &mut *part.enter_current()?, ask, place),
    }
}

fn lock(part: &Part, state: &mut State, choice: Choice) -> Taken {
    let access = match choice.alone {
        true => Access::Exclusive,
        false => Access::Shared,
    };
    let lock = part.try_lock(state, &Thing::Name(choice.name.clone()), access);
    Taken {
        lock: lock.expect("what was chosen is free"),
        choice,
        assigned: None,
    }
}

fn try_any(
    part: &Part,
    state: &mut State,
    ask: &Ask<'_>,
    place: &Place<'_>,
) -> Result<Option<Vec<Taken>>> {
    let chosen = state.choose(ask, place.number)?;
    if chosen.len() < ask.count {
        // Only the head takes names from the pool: these are as good as taken.
        let names = chosen.into_iter().map(|choice| choice.name).collect();
        let waiting = ask.waiting(&part.pool.key);
        let head = BlockedHead::new(ask.holder.clone(), waiting, names);
        state.seat(place.number).line = Line::Queue(Some(Box::new(head)));
        return Ok(None);
    }
    let taken = chosen.into_iter().map(|choice| lock(part, state, choice));
    Ok(Some(taken.collect()))
}

fn take_any(
    part: &Part,
    ask: &Ask<'_>,
    place: &Place<'_>,
    patience: &mut dyn Patience,
) -> Result<Vec<Taken>> {
    patience.blocked();
    place.wait(Some(patience), |state| try_any(part, state, ask, place))
}

fn take_given(
    part: &Part,
    state: &mut State,
    ask: &Ask<'_>,
    given: GivenName<'_>,
    place: &Place<'_>,
) -> Result<Option<Vec<Taken>>> {
    let choice = state.choose_one(ask, place.number, given.index, given.name)?;
    Ok(choice.map(|choice| vec![lock(part, state, choice)]))
}

/// Waits for this name beside the queue, where it is reserved.
fn take_beside(
    part: &Part,
    ask: &Ask<'_>,
    given: GivenName<'_>,
    place: &Place<'_>,
    patience: &mut dyn Patience,
) -> Result<Vec<Taken>> {
    patience.blocked();
    let is_next = |state: &State| state.reserved_for(given.name) == Some(place.number);
    let reserved = {
        let mut state = part.enter_current()?;
        state.seat(place.number).line = Line::Name(given.name.to_owned());
        // The queue has another head now.
        state.wake();
        is_next(&state)
    };
    if !reserved {
        patience.beside(false);
        place.wait(Some(patience), |state| Ok(is_next(state).then_some(())))?;
    }
    patience.beside(true);
    place.wait(Some(patience), |state| {
        take_given(part, state, ask, given, place)
    })
}

/// Asks the allocator once.
fn try_assigned(
    part: &Part,
    ask: &Ask<'_>,
    allocator: &dyn Decide,
    place: &Place<'_>,
) -> Result<Option<Vec<Taken>>> {
    let mut decisions = tell_ended(part, ask, allocator)?;
    let line = || Ok(part.enter_current()?.askers());
    let own = ask.request.text();
    let assigned = match decisions.decide_in_line(ask, allocator, &own, line)? {
        Decided::Granted(assigned) => assigned,
        Decided::Busy | Decided::Later => return Ok(None),
    };
    let mut state = part.enter_current()?;
    let index = decisions.names.len() - 1;
    let Some(choice) = state.choose_one(ask, place.number, index, &assigned.name)? else {
        return Err(Decisions::held_outside(ask, &assigned));
    };
    state.decisions = decisions;
    Ok(Some(vec![Taken {
        assigned: Some(assigned),
        ..lock(part, &mut state, choice)
    }]))
}

/// Tells the allocator of every holder that has ended. The decisions that are left.
fn tell_ended(part: &Part, ask: &Ask<'_>, allocator: &dyn Decide) -> Result<Decisions> {
    let (mut decisions, ended) = {
        let mut state = part.enter_current()?;
        if let Some(code) = ask.allocator {
            declare(&mut state, ask, code)?;
        }
        let decisions = state.decisions.clone();
        let names = decisions.names.iter();
        let ended = names.filter(|name| state.is_free(name)).cloned();
        let ended: Vec<_> = ended.collect();
        (decisions, ended)
    };
    // User code is called without a lock on the state: only who has the turn decides.
    if !ended.is_empty() {
        decisions.take_back(ask, allocator, &ended)?;
        part.enter_current()?.decisions = decisions.clone();
    }
    Ok(decisions)
}

/// Tells the allocator of every holder that has ended, unless a request is being served,
/// which does so itself.
pub(crate) fn take_back(part: &Part, ask: &Ask<'_>) -> Result<()> {
    match (ask.decide, head_soon(part, &ask.holder.test)?) {
        (Some(allocator), Some(_head)) => {
            let _turn = part.lock(Thing::Decisions, Access::Exclusive, None)?;
            tell_ended(part, ask, allocator).map(drop)
        }
        _ => Ok(()),
    }
}

/// Makes sure that no process without the allocator takes names from here on, and that
/// none holds one that it took before.
fn declare(state: &mut State, ask: &Ask<'_>, code: &Code) -> Result<()> {
    if state.code.allocator.is_none() {
        let mut outside = state.records.iter();
        let is_outside =
            |name: &String| !state.decisions.names.contains(name) && !state.is_free(name);
        if let Some((name, record)) = outside.find(|(name, _)| is_outside(name)) {
            let held = missing_code::held_without(ask.pool, name, Some(record), code);
            return Err(held);
        }
    }
    state.code.add(&PoolCode {
        allocator: Some(code.clone()),
        ..PoolCode::default()
    });
    Ok(())
}

/// Takes what the allocator grants, waiting in the queue while it is busy. Waiters ask it
/// by themselves: so one for which it has no room does not hold up those behind.
fn take_assigned(
    part: &Part,
    ask: &Ask<'_>,
    allocator: &dyn Decide,
    patience: &mut dyn Patience,
) -> Result<Vec<Taken>> {
    let place = part.sit(Line::Asking(Asker::of(ask)), &ask.holder.test)?;
    if !part.enter_current()?.is_head(place.number) {
        patience.blocked();
    }
    loop {
        // A holder that ends from here on wakes us.
        part.enter_current()?.seat(place.number).parked = true;
        let turn = part.lock(Thing::Decisions, Access::Exclusive, Some(patience))?;
        if let Some(taken) = try_assigned(part, ask, allocator, &place)? {
            return Ok(taken);
        }
        drop(turn);
        patience.blocked();
        patience.tick()?;
        let again = Instant::now() + ASK_AGAIN;
        place.sleep(Some(patience.until().min(again)))?;
    }
}

/// Refuses names to a process that lacks code of the pool.
fn refuse(part: &Part, ask: &Ask<'_>, taken: &[Taken]) -> Result<()> {
    let state = part.enter_current()?;
    missing_code::refuse(ask, &state.code)?;
    for Taken { choice, .. } in taken {
        if let Some(record) = state.records.get(&choice.name) {
            missing_code::refuse_made(ask, &choice.name, record)?;
        }
    }
    Ok(())
}

/// Records the holder of the names.
fn grant(
    part: &Arc<Part>,
    ask: &Ask<'_>,
    mut taken: Vec<Taken>,
    waited: Duration,
) -> Result<Vec<Granted>> {
    refuse(part, ask, &taken)?;
    taken.sort_by_key(|taken| taken.choice.index);
    let access = ask.want.access;
    let request = ask.request.text();
    let mut state = part.enter_current()?;
    let mut granted = Vec::with_capacity(taken.len());
    for Taken {
        choice,
        lock,
        assigned,
    } in taken
    {
        let mut holder = ask.holder.clone();
        holder.since = clock::now();
        let holder = Arc::new(holder);
        let record = state.records.entry(choice.name.clone());
        let record = record.or_insert_with(Record::new);
        let fence_before = record.fence;
        let tenure = Tenure {
            holder: holder.clone(),
            access,
            waiting: None,
            body_ended: None,
        };
        let dead = record.grant(tenure, choice.alone);
        let record = record.clone();
        let entry = Entry {
            name: Some(&choice.name),
            fence: Some(record.fence),
            access: Some(access),
            ..Entry::new(Kind::Acquired, ask.pool, &request, &holder)
        };
        for dead in &dead {
            log(
                &mut state,
                &Entry {
                    kind: Kind::Died,
                    fence: Some(fence_before),
                    id: "",
                    access: Some(dead.access),
                    holder: &dead.holder,
                    ..entry
                },
            );
        }
        log(
            &mut state,
            &Entry {
                waited: Some(waited.as_micros() as u64),
                ..entry
            },
        );
        granted.push(Granted {
            index: choice.index,
            alone: choice.alone,
            assigned,
            hold: Box::new(Held {
                part: part.clone(),
                name: choice.name,
                access,
                lock,
                record,
                holder,
                request: request.clone(),
            }),
        });
    }
    Ok(granted)
}

/// Forgets what is known about the free names; about none while one is lent, unless
/// `force`.
#[cfg(feature = "tools")]
pub(crate) fn forget(part: &Part, pool: &str, holder: &Holder, force: bool) -> Result<Forgotten> {
    let Some(_head) = head_soon(part, &holder.test)? else {
        return Ok(Forgotten {
            awaited: true,
            ..Forgotten::default()
        });
    };
    let mut state = part.enter()?;
    let names: Vec<_> = state.records.keys().cloned().collect();
    let (free, lent): (Vec<_>, Vec<_>) = names.into_iter().partition(|name| state.is_free(name));
    let mut done = Forgotten {
        lent,
        ..Forgotten::default()
    };
    if !done.lent.is_empty() && !force {
        return Ok(done);
    }
    let request = RequestId::next(holder.pid).text();
    for name in &free {
        if let Some(record) = state.records.get_mut(name) {
            *record = Record {
                fence: record.fence,
                ..Record::new()
            };
        }
        let entry = Entry {
            name: Some(name),
            detail: Some("all that was known of it is forgotten"),
            phase: Some(Phase::Done),
            ..Entry::new(Kind::Reset, pool, &request, holder)
        };
        log(&mut state, &entry);
    }
    let is_alive = |run: &String| {
        let things = [Thing::Alive(run.clone()), Thing::Reaper(run.clone())];
        things.iter().any(|thing| state.is_locked(thing))
    };
    if done.lent.is_empty() && !state.life.runs.iter().any(is_alive) {
        state.code = PoolCode::default();
    }
    done.names = free;
    // The head leaves by itself, which locks the pool.
    drop(state);
    Ok(done)
}
