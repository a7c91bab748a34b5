//! From a request to the names that it is granted.

use std::sync::Arc;
use std::time::Duration;

use crate::backend::ask::{Answer, Ask, Granted};
use crate::backend::hold::Ending;
use crate::backend::missing_code;
use crate::backend::patience::Patience;
use crate::base::error::Result;
use crate::base::{clock, failpoint};
use crate::local::dir::{PoolDir, unusable};
use crate::local::head::{Head, Taken};
use crate::local::hold::LocalHold;
use crate::local::{assigned, files, pool_code};
use crate::terms::access::Access;
use crate::terms::event::{self, Entry};
use crate::terms::record::Tenure;

/// Takes what is wanted, waiting for it.
pub(crate) fn acquire(
    dir: &Arc<PoolDir>,
    ask: &Ask<'_>,
    patience: &mut dyn Patience,
) -> Result<Answer> {
    if let (None, Some(allocator)) = (ask.given, ask.decide) {
        let Some((taken, _place)) = assigned::take(dir, ask, allocator, patience)? else {
            return Ok(Answer::Gone);
        };
        let grant = Grant::new(ask, patience.waited());
        return grant.finish(dir, vec![taken]).map(Answer::Granted);
    }
    let Some(head) = Head::enter(dir, ask, patience)? else {
        return Ok(Answer::Gone);
    };
    let (taken, head) = match ask.given {
        Some(given) => match head.take_given(ask, given, patience)? {
            Some((taken, head)) => (vec![taken], head),
            None => return Ok(Answer::Gone),
        },
        None => {
            let taken = head.take_any(ask, patience)?;
            if patience.waited().is_some() && !head.is_current()? {
                return Ok(Answer::Gone);
            }
            (taken, Some(head))
        }
    };
    let granted = Grant::new(ask, patience.waited()).finish(dir, taken)?;
    // Records first, then the next head: it reads them.
    drop(head);
    Ok(Answer::Granted(granted))
}

/// Takes what is wanted if it can be had now.
pub(crate) fn try_acquire(dir: &Arc<PoolDir>, ask: &Ask<'_>) -> Result<Answer> {
    let Some(head) = Head::enter_soon(dir)? else {
        return Ok(Answer::Busy);
    };
    if !head.is_current()? {
        return Ok(Answer::Gone);
    }
    let grant = Grant::new(ask, None);
    let taken = match (ask.given, ask.decide) {
        (None, Some(allocator)) => {
            return match assigned::try_take(head, ask, allocator)? {
                Some((taken, _place)) => grant.finish(dir, vec![taken]).map(Answer::Granted),
                None => Ok(Answer::Busy),
            };
        }
        (Some(given), _) => head.try_take_given(ask, given)?.map(|taken| vec![taken]),
        (None, None) => head.try_take_any(ask)?,
    };
    let Some(taken) = taken else {
        return Ok(Answer::Busy);
    };
    let granted = grant.finish(dir, taken)?;
    drop(head);
    Ok(Answer::Granted(granted))
}

/// A request that is granted names.
struct Grant<'a> {
    ask: &'a Ask<'a>,
    waited: Duration,
}

impl<'a> Grant<'a> {
    fn new(ask: &'a Ask<'a>, waited: Option<Duration>) -> Self {
        Self {
            ask,
            waited: waited.unwrap_or_default(),
        }
    }

    /// Records the holder of the names.
    fn finish(&self, dir: &Arc<PoolDir>, mut taken: Vec<Taken>) -> Result<Vec<Granted>> {
        failpoint::at("grant: taken");
        self.refuse(dir, &taken)?;
        let mut granted = Vec::with_capacity(taken.len());
        // In the pool's order, whichever came free first.
        while let Some(next) = (0..taken.len()).min_by_key(|at| taken[*at].index) {
            let mut taken = taken.swap_remove(next);
            let (index, alone) = (taken.index, taken.alone);
            let assigned = taken.assigned.take();
            match self.hand_over(dir, taken) {
                Ok(hold) => granted.push(Granted {
                    index,
                    alone,
                    assigned,
                    hold: Box::new(hold),
                }),
                Err(error) => {
                    self.give_back(granted);
                    return Err(error);
                }
            }
        }
        Ok(granted)
    }

    /// Releases what was granted before another name failed: merely dropped, their
    /// holder would count as dead. The request fails with that name's error.
    fn give_back(&self, granted: Vec<Granted>) {
        for mut granted in granted {
            let name = granted.hold.name().to_owned();
            let record = granted.hold.record();
            let (state, reason) = (record.state, record.reason.clone());
            let _ = granted.hold.end(Ending {
                pool: self.ask.pool,
                name: &name,
                state,
                reason,
                as_it_was: true,
                durable: true,
            });
        }
    }

    /// Refuses names to a process that lacks code of the pool. Nothing was written yet, so
    /// they are as they were.
    fn refuse(&self, dir: &PoolDir, taken: &[Taken]) -> Result<()> {
        missing_code::refuse(self.ask, &pool_code::read(dir)?)?;
        let mut taken = taken.iter();
        taken.try_for_each(|it| missing_code::refuse_made(self.ask, &it.name, &it.record))
    }

    fn hand_over(&self, dir: &Arc<PoolDir>, mut taken: Taken) -> Result<LocalHold> {
        let (ask, access) = (self.ask, self.ask.want.access);
        let mut holder = ask.holder.clone();
        holder.since = clock::now();
        let holder = Arc::new(holder);
        let tenure = Tenure::new(&holder, access);
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
            file: taken.file,
            record,
            dir: dir.clone(),
            holder,
            request,
            _obituary: taken.obituary,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::ask::RequestId;
    use crate::journal::{self, Kind};
    use crate::local::lock::Locked;
    use crate::local::record_file::RecordFile;
    use crate::terms::holder::Holder;
    use crate::terms::names::Names;
    use crate::terms::record::State;
    use crate::terms::want::Want;

    /// So many names, taken as a request would take them and then changed like this.
    fn take(
        dir: &Arc<PoolDir>,
        access: Access,
        count: usize,
        change: impl FnOnce(&mut Vec<Taken>),
    ) -> Result<Vec<Granted>> {
        let names = Names::Numbered {
            template: "db-{index}".to_owned(),
            max: Some(2),
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
            host: None,
        };
        let ask = Ask {
            pool: "db",
            names: &names,
            want: &want,
            count,
            holder: &holder,
            request: RequestId::next(1),
            given: None,
            first: 0,
            has_hooks: false,
            has_allocator: false,
            warm_first: false,
            even_broken: false,
            decide: None,
            allocator: None,
        };
        let head = Head::enter_now(dir).unwrap().unwrap();
        let mut taken = head.try_take_any(&ask).unwrap().unwrap();
        change(&mut taken);
        Grant::new(&ask, None).finish(dir, taken)
    }

    fn kinds(dir: &PoolDir) -> Vec<Kind> {
        let events = journal::read(dir.pool.path()).unwrap();
        events.iter().map(|event| event.kind).collect()
    }

    #[test]
    fn a_request_of_several_that_cannot_be_recorded_releases_those_that_were() {
        let state = tempfile::tempdir().unwrap();
        let dir = PoolDir::open(state.path(), "db").unwrap();
        let error = take(&dir, Access::Exclusive, 2, |taken| {
            let path = dir.names.path().join(files::record("db-1"));
            taken[1].file = RecordFile::of(nm_os::open_regular(&path).unwrap());
        });
        let error = error.err().unwrap().to_string();
        assert!(error.contains("db-1.json"), "{error}");
        let granted = take(&dir, Access::Exclusive, 2, |_| ()).unwrap();
        assert_eq!(granted.len(), 2);
        use Kind::{Acquired, Released};
        assert_eq!(kinds(&dir), [Acquired, Released, Acquired, Acquired]);
    }

    #[test]
    fn a_reader_that_a_writer_overtakes_leaves_the_record_to_it() {
        let state = tempfile::tempdir().unwrap();
        let dir = PoolDir::open(state.path(), "db").unwrap();
        let file = || dir.names.file(&files::lock("db-0")).unwrap();
        let mut readers = take(&dir, Access::Shared, 1, |taken| {
            taken[0].lock = Locked::let_go(file());
        })
        .unwrap();
        let writer = Locked::try_lock(file(), Access::Exclusive).unwrap();
        assert!(!readers[0].hold.share().unwrap());
        drop(readers);
        drop(writer.unwrap());

        // The next holder clears the record: it cannot tell a reader that lost from a
        // dead one.
        let mut writers = take(&dir, Access::Exclusive, 1, |_| ()).unwrap();
        let ending = Ending {
            pool: "db",
            name: "db-0",
            state: State::Clean,
            reason: None,
            as_it_was: false,
            durable: true,
        };
        writers.remove(0).hold.end(ending).unwrap();
        use Kind::{Acquired, Died, Released};
        assert_eq!(kinds(&dir), [Acquired, Died, Acquired, Released]);
    }
}
