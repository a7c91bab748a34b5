//! From a request to its leases.

use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::base::error::{Error, Result};
use crate::base::{clock, failpoint};
use crate::identity::asker;
use crate::journal::Entry;
use crate::lend::held;
use crate::lend::lease::{self, Lease};
use crate::lend::wait::Wait;
use crate::local::dir::{PoolDir, unusable};
use crate::local::files;
use crate::local::gate::Permit;
use crate::local::head::{Head, Taken};
use crate::pool::Shared;
use crate::terms::access::Access;
use crate::terms::event;
use crate::terms::holder::{Holder, LastHolder};
use crate::terms::name::Name;
use crate::terms::record::{Record, State, Tenure};
use crate::terms::want::Want;

/// Takes what is wanted, waiting for it.
pub(crate) fn acquire(
    pool: &Shared,
    want: &Want,
    count: usize,
    place: &Location<'_>,
) -> Result<Vec<Lease>> {
    let holder = asker::current(place)?;
    let mut wait = Wait::new(pool, want, count, holder)?;
    let permit = Arc::new(wait.enter_gate()?);
    loop {
        let dir = pool.dir()?;
        if let Some(hooks) = pool.hooks()? {
            hooks.enter(pool, &dir, &mut wait)?;
        }
        match acquire_in(pool, &dir, want, count, &mut wait, &permit) {
            Ok(Some(leases)) => return Ok(leases),
            Ok(None) => {}
            Err(error) if gave_up(&error) || dir.is_current() => return Err(error),
            Err(_) => {}
        }
        // Somebody removed the directory: all that was locked in it meant nothing.
        pool.forget_dir(&dir);
        wait.tick(&dir)?;
    }
}

/// Whether the request ended by itself, wherever its directory is.
fn gave_up(error: &Error) -> bool {
    error.is_timeout() || error.is_deadlock()
}

fn acquire_in(
    pool: &Shared,
    dir: &Arc<PoolDir>,
    want: &Want,
    count: usize,
    wait: &mut Wait<'_>,
    permit: &Arc<Permit>,
) -> Result<Option<Vec<Lease>>> {
    let Some(mut head) = Head::enter(pool, dir, wait)? else {
        return Ok(None);
    };
    let taken = match &want.name {
        Some(name) => match head.take_named(name, want.access, wait)? {
            Some(taken) => vec![taken],
            None => return Ok(None),
        },
        None => {
            let taken = match pool.allocator()? {
                Some(allocator) => vec![head.take_assigned(allocator, wait)?],
                None => head.take_any(want.access, count, wait)?,
            };
            if wait.has_begun() && !head.is_current()? {
                return Ok(None);
            }
            taken
        }
    };
    // Records first, then the next head: it reads them.
    let grant = wait.grant(head.others_wait);
    let leases = finish(pool, dir, taken, want.access, grant, permit)?;
    settle(pool, leases, &mut head)
}

/// How long another process may take to take a name, until it counts as waiting.
pub(crate) const TRY_FOR: Duration = Duration::from_millis(2);

/// Takes what is wanted if it can be had now.
pub(crate) fn try_acquire(
    pool: &Shared,
    want: &Want,
    count: usize,
    place: &Location<'_>,
) -> Result<Option<Vec<Lease>>> {
    let holder = asker::current(place)?;
    let permit = match held::by(&holder.token).is_empty() {
        true => match Permit::wait(count as u64, Instant::now()) {
            Some(permit) => permit,
            None => return Ok(None),
        },
        false => Permit::unlimited(),
    };
    let permit = Arc::new(permit);
    if let Some(hooks) = pool.hooks()? {
        match Wait::new(pool, want, count, holder.clone()) {
            Err(error) if error.is_already_held() => return Ok(None),
            wait => hooks.enter(pool, &pool.dir()?, &mut wait?)?,
        }
    }
    let started = Instant::now();
    loop {
        let dir = pool.dir()?;
        match try_in(pool, &dir, want, count, &holder, &permit) {
            Ok(Try::Done(leases)) => return Ok(leases),
            Ok(Try::Behind) if started.elapsed() > TRY_FOR => return Ok(None),
            Ok(Try::Behind) => thread::sleep(TRY_FOR / 40),
            Err(error) if dir.is_current() => return Err(error),
            Ok(Try::Removed) | Err(_) => pool.forget_dir(&dir),
        }
    }
}

enum Try {
    /// With the names, if enough were free.
    Done(Option<Vec<Lease>>),
    /// Others head the queue, or wait to.
    Behind,
    /// The directory is no longer the pool's.
    Removed,
}

fn try_in(
    pool: &Shared,
    dir: &Arc<PoolDir>,
    want: &Want,
    count: usize,
    holder: &Holder,
    permit: &Arc<Permit>,
) -> Result<Try> {
    let Some(mut head) = Head::enter_now(pool, dir)? else {
        return Ok(Try::Behind);
    };
    if !head.is_current()? {
        return Ok(Try::Removed);
    }
    let taken = match &want.name {
        Some(name) => head
            .try_take_named(name, want.access)?
            .map(|taken| vec![taken]),
        None => match pool.allocator()? {
            Some(allocator) => head
                .try_take_assigned(allocator, holder)?
                .map(|taken| vec![taken]),
            None => head.try_take_any(want.access, count)?,
        },
    };
    let Some(taken) = taken else {
        return Ok(Try::Done(None));
    };
    let grant = Grant {
        request: next_request(holder.pid),
        holder: holder.clone(),
        waited: Duration::ZERO,
        contended: head.others_wait,
    };
    let leases = finish(pool, dir, taken, want.access, grant, permit)?;
    settle(pool, leases, &mut head).map(Try::Done)
}

/// Leaves the queue, makes the names ready, and lets other readers in. Nothing
/// when a writer was quicker than these.
fn settle(
    pool: &Shared,
    mut leases: Vec<Lease>,
    head: &mut Head<'_>,
) -> Result<Option<Vec<Lease>>> {
    // Hooks may take minutes: others go on to other names.
    head.leave();
    let hooks = pool.hooks()?;
    if hooks.is_some() {
        leases.iter_mut().for_each(Lease::keep_as_it_was);
    }
    for lease in &mut leases {
        if let Some(hooks) = hooks {
            match lease.is_alone() {
                true => hooks.prepare(pool, lease)?,
                false => hooks.join(lease)?,
            }
        }
        if !lease.is_alone() {
            continue;
        }
        if lease.access() == Access::Shared {
            failpoint::at("share: alone still");
            if !lease.share()? {
                failpoint::at("share: lost");
                return Ok(None);
            }
            failpoint::at("share: shared");
        }
    }
    Ok(Some(leases))
}

/// Takes a name as the reaper does: whatever its life, and without hooks.
pub(crate) fn acquire_to_clean(
    pool: &Shared,
    name: &str,
    run: &str,
    patience: Duration,
) -> Result<Lease> {
    let want = Want {
        name: Some(name.to_owned()),
        timeout: Some(patience),
        ..Want::default()
    };
    let mut wait = Wait::new(pool, &want, 1, asker::reaper(run))?;
    loop {
        let dir = pool.dir()?;
        if let Some(mut head) = Head::enter(pool, &dir, &mut wait)?
            && let Some(taken) = head.take_named(name, want.access, &mut wait)?
        {
            let permit = Arc::new(Permit::unlimited());
            let grant = wait.grant(head.others_wait);
            let leases = finish(pool, &dir, vec![taken], want.access, grant, &permit)?;
            let lease = leases.into_iter().next();
            return Ok(lease.expect("one name was taken"));
        }
        pool.forget_dir(&dir);
        wait.tick(&dir)?;
    }
}

/// To whom names are granted.
pub(crate) struct Grant {
    pub(crate) holder: Holder,
    pub(crate) request: String,
    pub(crate) waited: Duration,
    /// They waited for it, or others wait.
    pub(crate) contended: bool,
}

/// One per request of this process.
pub(crate) fn next_request(pid: u32) -> String {
    static REQUESTS: AtomicU64 = AtomicU64::new(0);
    let request = REQUESTS.fetch_add(1, Ordering::Relaxed);
    format!("{pid}-{request}")
}

/// Writes down who has the names, and makes them leases.
fn finish(
    pool: &Shared,
    dir: &Arc<PoolDir>,
    mut taken: Vec<Taken>,
    access: Access,
    mut grant: Grant,
    permit: &Arc<Permit>,
) -> Result<Vec<Lease>> {
    failpoint::at("grant: taken");
    let mut leases = Vec::with_capacity(taken.len());
    // In the pool's order, whichever came free first.
    while let Some(next) = (0..taken.len()).min_by_key(|at| taken[*at].index) {
        grant.holder.since = clock::now();
        let taken = taken.swap_remove(next);
        leases.push(hand_over(pool, dir, taken, access, &grant, permit)?);
    }
    Ok(leases)
}

fn hand_over(
    pool: &Shared,
    dir: &Arc<PoolDir>,
    mut taken: Taken,
    access: Access,
    grant: &Grant,
    permit: &Arc<Permit>,
) -> Result<Lease> {
    static LEASES: AtomicU64 = AtomicU64::new(0);
    let now = grant.holder.since;
    let holder = Arc::new(grant.holder.clone());
    let tenure = Tenure {
        holder: holder.clone(),
        access,
        waiting: None,
    };
    let alone = taken.alone;
    let fence_before = taken.record.fence;
    let mut dead = Vec::new();
    let change = |record: &mut Record| {
        // Beside readers there may be other readers, but no live writer.
        let is_dead = |tenure: &mut Tenure| alone || tenure.access == Access::Exclusive;
        dead.extend(record.holders.extract_if(.., is_dead));
        if !dead.is_empty() {
            let dead = &dead[0].holder;
            let how = format!("`{}` ended while it held it", dead.test);
            record.state = State::Dirty;
            record.last = Some(LastHolder::new(dead, &how));
            record.reason = Some(how);
        }
        if access == Access::Exclusive {
            record.fence += 1;
        }
        if record.created == 0 {
            record.created = now;
        }
        record.lent = now;
        record.holders.push(tenure);
    };
    let recorded = match access {
        Access::Shared => taken.file.update(|record| {
            change(record);
            record.clone()
        }),
        Access::Exclusive => {
            let mut record = taken.record;
            change(&mut record);
            taken.file.write(&record).map(|()| record)
        }
    };
    failpoint::at("grant: recorded");
    let record = recorded.map_err(|error| {
        let path = dir.names.path().join(files::record(&taken.name));
        unusable(&path, error)
    })?;
    let entry = Entry {
        name: Some(&taken.name),
        fence: Some(record.fence),
        access: Some(access),
        ..Entry::new(
            event::Kind::Acquired,
            &pool.name,
            &grant.request,
            &grant.holder,
        )
    };
    for dead in &dead {
        // The dead lease had the fence before; its request is not known any more.
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
        waited: Some(grant.waited.as_micros() as u64),
        ..entry
    };
    dir.journal.write(&dir.pool, &acquired);
    failpoint::at("grant: journalled");
    let key = LEASES.fetch_add(1, Ordering::Relaxed);
    held::add(held::Held {
        lease: key,
        token: grant.holder.token.clone(),
        dir: dir.clone(),
        name: taken.name.clone(),
    });
    let mut name = Name::new(&pool.name, &taken.name, taken.index, &pool.config.env);
    if let Some(assigned) = taken.assigned {
        name = name.assigned(assigned.env, assigned.args);
    }
    let fence = record.fence;
    let held = lease::Held {
        lock: taken.lock,
        wake: taken.wake,
        file: taken.file,
        record,
        dir: dir.clone(),
        holder,
        request: grant.request.clone(),
        alone,
        contended: grant.contended,
        as_it_was: false,
        key,
        _permit: permit.clone(),
    };
    Ok(Lease::new(name, fence, access, held))
}
