//! From a request to its leases: what the backend grants is made ready, and other
//! readers are let in if it is shared.

use std::panic::Location;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::backend::ask::{Answer, Ask, GivenName, Granted, RequestId};
use crate::backend::patience::Patience;
use crate::base::error::Result;
use crate::base::failpoint;
use crate::config::pool::DEFAULT_WAIT;
use crate::config::variables;
use crate::identity::{asker, slot};
use crate::lend::gate::Permit;
use crate::lend::held;
use crate::lend::lease::Lease;
use crate::lend::wait::Wait;
use crate::pool::opened::Opened;
use crate::pool::within_hook;
use crate::terms::access::Access;
use crate::terms::holder::Holder;
use crate::terms::name::Name;
use crate::terms::want::Want;

/// A request, checked against its pool.
pub(crate) struct Checked<'a> {
    /// How many names.
    pub(crate) count: usize,
    /// The name, if one is given.
    pub(crate) given: Option<GivenName<'a>>,
}

/// Takes what is wanted, waiting for it.
pub(crate) fn acquire(
    pool: &Opened,
    want: &Want,
    checked: Checked<'_>,
    place: &Location<'_>,
) -> Result<Vec<Lease>> {
    let holder = asker(pool, want, place)?;
    let ask = ask(pool, want, checked, &holder)?;
    let mut wait = begin(pool, &ask, timeout(pool, want))?;
    let permit = Arc::new(wait.enter_gate()?);
    loop {
        enter(pool, &holder, &mut wait)?;
        if let Answer::Granted(granted) = pool.backend.acquire(&ask, &mut wait)?
            && let Some(leases) =
                wait.granted(|wait| settle(pool, want.access, granted, &permit, Some(wait)))?
        {
            return Ok(leases);
        }
        wait.tick()?;
    }
}

/// Takes what is wanted if it can be had now.
pub(crate) fn try_acquire(
    pool: &Opened,
    want: &Want,
    checked: Checked<'_>,
    place: &Location<'_>,
) -> Result<Option<Vec<Lease>>> {
    let holder = asker(pool, want, place)?;
    let gated = pool.backend.keeps_files_open() && held::by(&holder.token).is_empty();
    let permit = match gated {
        true => match Permit::wait(checked.count as u64, Instant::now()) {
            Some(permit) => permit,
            None => return Ok(None),
        },
        false => Permit::unlimited(),
    };
    let permit = Arc::new(permit);
    let ask = ask(pool, want, checked, &holder)?;
    if !pool.needs_reaper()? {
        return try_with(pool, &ask, &permit, None);
    }
    // For what is done before and after: for the name itself it does not wait.
    match begin(pool, &ask, timeout(pool, want)) {
        Err(error) if error.is_already_held() => Ok(None),
        wait => try_with(pool, &ask, &permit, Some(&mut wait?)),
    }
}

/// Tries it, again if the pool is removed meanwhile. `wait` is for what joins the run and
/// makes names ready.
fn try_with(
    pool: &Opened,
    ask: &Ask<'_>,
    permit: &Arc<Permit>,
    mut wait: Option<&mut Wait<'_>>,
) -> Result<Option<Vec<Lease>>> {
    loop {
        if let Some(wait) = wait.as_deref_mut() {
            enter(pool, ask.holder, wait)?;
        }
        match pool.backend.try_acquire(ask)? {
            Answer::Granted(granted) => {
                return settle(pool, ask.want.access, granted, permit, wait);
            }
            Answer::Busy => return Ok(None),
            Answer::Gone => {}
        }
    }
}

/// Joins the run before anything is acquired, if something is to be done when it ends.
fn enter(pool: &Opened, holder: &Holder, wait: &mut Wait<'_>) -> Result<()> {
    match (pool.hooks()?, pool.allocator()?) {
        (Some(hooks), _) => hooks.enter(holder, wait),
        (None, Some(_)) => pool.membership().enter(holder, wait, &mut |_, _| Ok(())),
        (None, None) => Ok(()),
    }
}

/// Joins the run, and acquires nothing.
#[cfg(feature = "tools")]
pub(crate) fn join(pool: &Opened, place: &Location<'_>) -> Result<()> {
    let want = Want::default();
    let checked = Checked {
        count: 1,
        given: None,
    };
    let holder = asker(pool, &want, place)?;
    let ask = ask(pool, &want, checked, &holder)?;
    let mut wait = begin(pool, &ask, timeout(pool, &want))?;
    enter(pool, &holder, &mut wait)
}

/// The current thread as a holder.
fn asker(pool: &Opened, want: &Want, place: &Location<'_>) -> Result<Holder> {
    let mut holder = pool.asker(place)?;
    if let Some(label) = &want.label {
        holder.test.clone_from(label);
    }
    Ok(holder)
}

/// Takes a name as the reaper does: even if it is broken, and without hooks.
pub(crate) fn acquire_to_clean(
    pool: &Opened,
    name: &str,
    run: &str,
    patience: Duration,
) -> Result<Lease> {
    ask_to_clean(pool, name, run, patience, |ask| {
        let mut wait = begin(pool, ask, patience)?;
        loop {
            if let Answer::Granted(granted) = pool.backend.acquire(ask, &mut wait)? {
                return Ok(to_clean(pool, granted));
            }
            wait.tick()?;
        }
    })
}

/// As [`acquire_to_clean`], without waiting: `None` if it cannot be had now.
pub(crate) fn try_acquire_to_clean(pool: &Opened, name: &str, run: &str) -> Result<Option<Lease>> {
    ask_to_clean(pool, name, run, Duration::ZERO, |ask| {
        Ok(match pool.backend.try_acquire(ask)? {
            Answer::Granted(granted) => Some(to_clean(pool, granted)),
            Answer::Busy | Answer::Gone => None,
        })
    })
}

fn ask_to_clean<T>(
    pool: &Opened,
    name: &str,
    run: &str,
    patience: Duration,
    take: impl FnOnce(&Ask<'_>) -> Result<T>,
) -> Result<T> {
    let want = Want {
        name: Some(name.to_owned()),
        timeout: Some(patience),
        ..Want::default()
    };
    let given = GivenName {
        index: pool.name_of(name).index(),
        name,
    };
    let checked = Checked {
        count: 1,
        given: Some(given),
    };
    let holder = asker::reaper(run);
    take(&Ask {
        even_broken: true,
        ..ask(pool, &want, checked, &holder)?
    })
}

fn to_clean(pool: &Opened, granted: Vec<Granted>) -> Lease {
    let permit = Arc::new(Permit::unlimited());
    let lease = leases(pool, Access::Exclusive, granted, &permit).next();
    lease.expect("one name was granted")
}

/// Tells the pool's allocator, if it has one, of every holder that has ended, as the
/// reaper does.
pub(crate) fn take_back(pool: &Opened, run: &str) -> Result<()> {
    let want = Want::default();
    let checked = Checked {
        count: 1,
        given: None,
    };
    let holder = asker::reaper(run);
    let ask = ask(pool, &want, checked, &holder)?;
    match ask.decide {
        Some(_) => pool.backend.take_back(&ask),
        None => Ok(()),
    }
}

pub(crate) fn ask<'a>(
    pool: &'a Opened,
    want: &'a Want,
    checked: Checked<'a>,
    holder: &'a Holder,
) -> Result<Ask<'a>> {
    let names = &pool.config.names;
    // An allocator grants what it likes: nobody asks it for a given name.
    let (allocator, has_allocator) = match checked.given {
        Some(_) => (None, pool.has_allocator()),
        None => (pool.allocator()?, pool.allocator()?.is_some()),
    };
    let has_hooks = pool.hooks()?.is_some();
    Ok(Ask {
        pool: &pool.name,
        names,
        want,
        count: checked.count,
        holder,
        request: RequestId::next(holder.pid),
        given: checked.given,
        first: slot::first(names.capacity()),
        has_hooks,
        warm_first: has_hooks,
        even_broken: false,
        has_allocator,
        decide: allocator.map(|allocator| &*allocator.decide),
        allocator: allocator.map(|allocator| &allocator.code),
    })
}

pub(crate) fn begin<'a>(pool: &'a Opened, ask: &'a Ask<'a>, timeout: Duration) -> Result<Wait<'a>> {
    within_hook::refuse(pool, &variables::get()?.within)?;
    let header = pool.config.header.as_deref();
    Wait::new(ask, &*pool.backend, timeout, header)
}

pub(crate) fn timeout(pool: &Opened, want: &Want) -> Duration {
    let timeout = want.timeout.or(pool.config.wait_timeout);
    timeout.unwrap_or(DEFAULT_WAIT)
}

/// Makes leases of what was granted.
fn leases<'a>(
    pool: &'a Opened,
    access: Access,
    granted: Vec<Granted>,
    permit: &'a Arc<Permit>,
) -> impl Iterator<Item = Lease> + use<'a> {
    let must_panic = asker::must_panic();
    granted.into_iter().map(move |mut granted| {
        let mut name = Name::new(
            &pool.name,
            granted.hold.name(),
            granted.index,
            &pool.config.env,
        );
        if let Some(assigned) = granted.assigned.take() {
            name = name.assigned(assigned.env, assigned.args);
        }
        Lease::new(name, access, &pool.backend, permit, must_panic, granted)
    })
}

/// Makes the names ready, and lets other readers in. `None` if a writer was quicker.
fn settle(
    pool: &Opened,
    access: Access,
    granted: Vec<Granted>,
    permit: &Arc<Permit>,
    mut wait: Option<&mut Wait<'_>>,
) -> Result<Option<Vec<Lease>>> {
    let hooks = pool.hooks()?;
    let mut unsettled: Vec<_> = leases(pool, access, granted, permit).collect();
    if hooks.is_some() {
        unsettled.iter_mut().for_each(Lease::keep_as_it_was);
    }
    let mut settled = Vec::with_capacity(unsettled.len());
    for mut lease in unsettled {
        if let Some(hooks) = hooks {
            match lease.is_alone() {
                true => hooks.prepare(&mut lease, wait.as_deref_mut())?,
                false => hooks.join(&mut lease)?,
            }
        }
        if access == Access::Shared && lease.is_alone() {
            failpoint::at("share: alone still");
            match lease.share()? {
                Some(shared) => lease = shared,
                None => {
                    failpoint::at("share: lost");
                    return Ok(None);
                }
            }
            failpoint::at("share: shared");
        }
        settled.push(lease);
    }
    Ok(Some(settled))
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;
    use crate::backend::doubles::{Call, Counting, Delaying, Double, Failing, Script};
    use crate::journal::Kind;
    use crate::memory::session::{Session, World, config};
    use crate::pool::Pool;
    use crate::terms::record::State;

    /// A pool of so many names in a session of its own, behind this script.
    fn pool(
        world: &World,
        name: &str,
        max: Option<u32>,
        script: &Arc<impl Script + 'static>,
    ) -> (Session, Pool) {
        let session = world.session("run");
        let backend = Double::new(session.backend(name), script);
        let opened = Arc::new(session.open(name, config(name, max), backend));
        (session, Pool { opened })
    }

    fn kinds(world: &World, pool: &str) -> Vec<Kind> {
        let events = world.events(pool).into_iter();
        events.map(|event| event.kind).collect()
    }

    #[test]
    fn what_is_free_costs_one_call_to_take_and_one_to_give_back() {
        let world = World::new();
        let counting = Arc::new(Counting::default());
        let (_session, pool) = pool(&world, "db", Some(2), &counting);
        pool.acquire().unwrap().release().unwrap();
        assert_eq!(counting.take(), [(Call::Acquire, 1), (Call::End, 1)]);
        drop(pool.try_acquire().unwrap());
        assert_eq!(counting.take(), [(Call::TryAcquire, 1), (Call::End, 1)]);
        let both = pool.request().count(2).access(Access::Shared);
        drop(both.acquire().unwrap());
        let (shared, ended) = ((Call::Share, 2), (Call::End, 2));
        assert_eq!(counting.take(), [(Call::Acquire, 1), shared, ended]);
    }

    #[test]
    fn a_reader_that_a_writer_overtook_asks_again() {
        let world = World::new();
        let losing = Arc::new(Failing::losing(Call::Share, 1));
        let (_session, pool) = pool(&world, "db", Some(1), &losing);
        let request = pool.request().access(Access::Shared);
        let lease = request.acquire().unwrap().remove(0);
        assert!(losing.is_over());
        lease.release().unwrap();
        // Its own record is what it finds of itself, and takes for a dead holder's.
        use Kind::{Acquired, Died, Released};
        assert_eq!(kinds(&world, "db"), [Acquired, Died, Acquired, Released]);
    }

    #[test]
    fn a_reader_that_tries_and_is_overtaken_has_nothing() {
        let world = World::new();
        let losing = Arc::new(Failing::losing(Call::Share, 1));
        let (_session, pool) = pool(&world, "db", Some(1), &losing);
        let request = pool.request().access(Access::Shared);
        assert!(request.try_acquire().unwrap().is_none());
        drop(pool.try_acquire().unwrap().expect("it is free"));
    }

    #[test]
    fn a_pool_that_is_gone_is_asked_again() {
        let world = World::new();
        for call in [Call::Acquire, Call::TryAcquire] {
            let losing = Arc::new(Failing::losing(call, 1));
            let (_session, pool) = pool(&world, "db", Some(1), &losing);
            match call {
                Call::Acquire => drop(pool.acquire().unwrap()),
                _ => drop(pool.try_acquire().unwrap().expect("it is free")),
            }
            assert!(losing.is_over());
        }
    }

    #[test]
    fn a_request_of_several_that_fails_half_way_holds_none() {
        let world = World::new();
        let failing = Arc::new(Failing::nth(Call::Share, 2));
        let (_session, pool) = pool(&world, "db", Some(2), &failing);
        let request = || pool.request().count(2).access(Access::Shared);
        let error = request().acquire().unwrap_err();
        assert_eq!(error.to_string(), "Share is to fail");
        assert_eq!(pool.request().all().acquire().unwrap().len(), 2);
    }

    #[test]
    fn a_release_that_fails_says_so_and_the_next_holder_knows() {
        let world = World::new();
        let failing = Arc::new(Failing::nth(Call::End, 1));
        let (_session, pool) = pool(&world, "db", Some(1), &failing);
        let error = pool.acquire().unwrap().release().unwrap_err();
        assert_eq!(error.to_string(), "End is to fail");
        let _lease = pool.acquire().unwrap();
        assert_eq!(world.record("db", "db-0").unwrap().state, State::Dirty);
    }

    #[test]
    fn a_wait_that_times_out_is_shown_as_long_as_it_lasts() {
        let world = World::new();
        let (_holder, db) = pool(&world, "db", Some(1), &Arc::new(Counting::default()));
        let _held = db.acquire().unwrap();
        let session = world.session("run");
        // It looks for the holders, for its message, with the timeout in the journal.
        let (delaying, delayed) = Delaying::first(Call::Snapshot);
        let backend = Double::new(session.backend("db"), &Arc::new(delaying));
        let open = |pool, backend| Pool {
            opened: Arc::new(session.open(pool, config(pool, Some(1)), backend)),
        };
        let (db, own) = (open("db", backend), open("own", session.backend("own")));
        let waiting = || {
            let record = world.record("own", "own-0").unwrap();
            record.holders[0].waiting.clone()
        };
        thread::scope(|scope| {
            let waiter = scope.spawn(|| {
                let _own = own.acquire().unwrap();
                let error = db.acquire_timeout(Duration::from_millis(20)).unwrap_err();
                assert!(error.is_timeout(), "{error}");
                assert_eq!(waiting(), None);
            });
            delayed.has_come();
            let waiting = waiting().expect("others see what it waits for");
            assert_eq!(
                (&*waiting.pool, waiting.count, waiting.queued),
                ("db", 1, true)
            );
            use Kind::{Acquired, Timeout, Waiting};
            assert_eq!(kinds(&world, "db"), [Acquired, Waiting, Timeout]);
            drop(delayed);
            waiter.join().unwrap();
        });
        assert_eq!(kinds(&world, "db").len(), 3);
    }

    #[test]
    fn what_the_reaper_takes_may_be_broken() {
        let world = World::new();
        let (session, pool) = pool(&world, "db", Some(1), &Arc::new(Counting::default()));
        pool.acquire().unwrap().mark_broken("no such host");
        assert!(pool.acquire().unwrap_err().is_broken());
        let patience = Duration::from_secs(600);
        let lease = acquire_to_clean(&pool.opened, "db-0", "run", patience).unwrap();
        assert_eq!(lease.name(), "db-0");
        session.kill();
    }
}
