//! From a request to the names that it is granted.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crate::backend::ask::{Answer, Ask, Granted};
use crate::backend::patience::Patience;
use crate::base::error::Result;
use crate::base::{clock, failpoint};
use crate::local::dir::{PoolDir, unusable};
use crate::local::files;
use crate::local::head::{Head, Taken};
use crate::local::hold::LocalHold;
use crate::terms::access::Access;
use crate::terms::event::{self, Entry};
use crate::terms::record::Tenure;

/// Takes what is wanted, waiting for it.
pub(crate) fn acquire(
    dir: &Arc<PoolDir>,
    ask: &Ask<'_>,
    patience: &mut dyn Patience,
) -> Result<Answer> {
    let Some(head) = Head::enter(dir, ask.request, patience)? else {
        return Ok(Answer::Gone);
    };
    let others_wait = head.others_wait;
    let (taken, head) = match (ask.given, ask.decide) {
        (Some(given), _) => match head.take_given(ask, given, patience)? {
            Some((taken, head)) => (vec![taken], head),
            None => return Ok(Answer::Gone),
        },
        (None, decide) => {
            let taken = match decide {
                Some(allocator) => vec![head.take_assigned(ask, allocator, patience)?],
                None => head.take_any(ask, patience)?,
            };
            if patience.waited().is_some() && !head.is_current()? {
                return Ok(Answer::Gone);
            }
            (taken, Some(head))
        }
    };
    let waited = patience.waited();
    let grant = Grant {
        ask,
        waited: waited.unwrap_or_default(),
        contended: others_wait || waited.is_some(),
    };
    let granted = grant.finish(dir, taken)?;
    // Records first, then the next head: it reads them.
    drop(head);
    Ok(Answer::Granted(granted))
}

/// How long `try_acquire` waits for another process that is just taking a name.
pub(crate) const TRY_FOR: Duration = Duration::from_millis(2);

/// Takes what is wanted if it can be had now.
pub(crate) fn try_acquire(dir: &Arc<PoolDir>, ask: &Ask<'_>) -> Result<Answer> {
    let Some(head) = head_soon(dir)? else {
        return Ok(Answer::Busy);
    };
    if !head.is_current()? {
        return Ok(Answer::Gone);
    }
    let taken = match (ask.given, ask.decide) {
        (Some(given), _) => head.try_take_given(ask, given)?.map(|taken| vec![taken]),
        (None, Some(allocator)) => head
            .try_take_assigned(ask, allocator)?
            .map(|taken| vec![taken]),
        (None, None) => head.try_take_any(ask)?,
    };
    let Some(taken) = taken else {
        return Ok(Answer::Busy);
    };
    let grant = Grant {
        ask,
        waited: Duration::ZERO,
        contended: head.others_wait,
    };
    let granted = grant.finish(dir, taken)?;
    drop(head);
    Ok(Answer::Granted(granted))
}

/// Becomes the head of the queue if there are no waiters. Another process may just be
/// taking a name: it is given a moment.
pub(crate) fn head_soon(dir: &PoolDir) -> Result<Option<Head<'_>>> {
    let started = Instant::now();
    loop {
        match Head::enter_now(dir)? {
            Some(head) => return Ok(Some(head)),
            None if started.elapsed() > TRY_FOR => return Ok(None),
            None => thread::sleep(TRY_FOR / 40),
        }
    }
}

/// A request that is granted names.
struct Grant<'a> {
    ask: &'a Ask<'a>,
    waited: Duration,
    /// The request waited, or others do.
    contended: bool,
}

impl Grant<'_> {
    /// Records the holder of the names.
    fn finish(&self, dir: &Arc<PoolDir>, mut taken: Vec<Taken>) -> Result<Vec<Granted>> {
        failpoint::at("grant: taken");
        let mut granted = Vec::with_capacity(taken.len());
        // In the pool's order, whichever came free first.
        while let Some(next) = (0..taken.len()).min_by_key(|at| taken[*at].index) {
            let mut taken = taken.swap_remove(next);
            granted.push(Granted {
                index: taken.index,
                alone: taken.alone,
                assigned: taken.assigned.take(),
                hold: Box::new(self.hand_over(dir, taken)?),
            });
        }
        Ok(granted)
    }

    fn hand_over(&self, dir: &Arc<PoolDir>, mut taken: Taken) -> Result<LocalHold> {
        let (ask, access) = (self.ask, self.ask.want.access);
        let mut holder = ask.holder.clone();
        holder.since = clock::now();
        let holder = Arc::new(holder);
        let tenure = Tenure {
            holder: holder.clone(),
            access,
            waiting: None,
            body_ended: None,
        };
        let fence_before = taken.record.fence;
        let mut record = taken.record;
        let recorded = match access {
            Access::Shared => taken.file.update(|stored| {
                let dead = stored.grant(tenure, taken.alone);
                record = stored.clone();
                dead
            }),
            Access::Exclusive => {
                let dead = record.grant(tenure, taken.alone);
                taken.file.write(&record).map(|()| dead)
            }
        };
        failpoint::at("grant: recorded");
        let dead = recorded.map_err(|error| {
            let path = dir.names.path().join(files::record(&taken.name));
            unusable(&path, error)
        })?;
        let request = ask.request.text();
        let entry = Entry {
            name: Some(&taken.name),
            fence: Some(record.fence),
            access: Some(access),
            ..Entry::new(event::Kind::Acquired, ask.pool, &request, &holder)
        };
        for dead in &dead {
            // The dead lease had the fence before; its request is no longer known.
            let died = Entry {
                kind: event::Kind::Died,
                fence: Some(fence_before),
                id: "",
                access: Some(dead.access),
                holder: &dead.holder,
                ..entry
            };
            dir.journal.write(&dir.pool, &died);
        }
        let acquired = Entry {
            waited: Some(self.waited.as_micros() as u64),
            ..entry
        };
        dir.journal.write(&dir.pool, &acquired);
        failpoint::at("grant: journalled");
        Ok(LocalHold {
            name: taken.name,
            access,
            lock: taken.lock,
            wake: taken.wake,
            file: taken.file,
            record,
            dir: dir.clone(),
            holder,
            request,
            contended: self.contended,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::ask::RequestId;
    use crate::backend::hold::Ending;
    use crate::backend::hold::Hold;
    use crate::journal::{self, Kind};
    use crate::local::lock::Locked;
    use crate::terms::holder::Holder;
    use crate::terms::names::Names;
    use crate::terms::record::State;
    use crate::terms::want::Want;

    /// The name db-0, taken as a request would take it.
    fn take(dir: &Arc<PoolDir>, access: Access) -> LocalHold {
        let names = Names::Numbered {
            template: "db-{index}".to_owned(),
            max: Some(1),
        };
        let want = Want {
            access,
            ..Want::default()
        };
        let holder = Holder {
            test: "test".to_owned(),
            pid: std::process::id(),
            pid_namespace: None,
            token: "1-1".to_owned(),
            run: "run".to_owned(),
            file: "tests/a.rs".to_owned(),
            line: 1,
            since: 0,
        };
        let ask = Ask {
            pool: "db",
            names: &names,
            want: &want,
            count: 1,
            holder: &holder,
            request: RequestId::next(1),
            given: None,
            first: 0,
            warm_first: false,
            even_broken: false,
            decide: None,
        };
        let head = Head::enter_now(dir).unwrap().unwrap();
        let taken = head.try_take_any(&ask).unwrap().unwrap().remove(0);
        let grant = Grant {
            ask: &ask,
            waited: Duration::ZERO,
            contended: false,
        };
        grant.hand_over(dir, taken).unwrap()
    }

    #[test]
    fn a_reader_that_a_writer_overtakes_leaves_the_record_to_it() {
        let state = tempfile::tempdir().unwrap();
        let dir = PoolDir::open(state.path(), "db").unwrap();
        let mut reader = take(&dir, Access::Shared);
        let file = || dir.names.file(&files::lock("db-0")).unwrap();
        reader.lock = Locked::let_go(file());
        let writer = Locked::try_lock(file(), Access::Exclusive).unwrap();
        assert!(!reader.share().unwrap());
        drop(reader);
        drop(writer.unwrap());

        // The next holder clears the record: it cannot tell a reader that lost from a
        // dead one.
        Box::new(take(&dir, Access::Exclusive))
            .end(Ending {
                pool: "db",
                name: "db-0",
                state: State::Clean,
                reason: None,
                as_it_was: false,
            })
            .unwrap();
        let events = journal::read(dir.pool.path()).unwrap();
        let kinds: Vec<_> = events.iter().map(|event| event.kind).collect();
        use Kind::{Acquired, Died, Released};
        assert_eq!(kinds, [Acquired, Died, Acquired, Released]);
    }
}
