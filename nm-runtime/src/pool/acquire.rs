//! From a request to its leases: what the backend grants is made ready, and other
//! readers are let in if it is shared.

use std::panic::Location;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::backend::ask::{Answer, Ask, GivenName, Granted, RequestId};
use crate::backend::missing_code;
use crate::backend::patience::Patience;
use crate::base::error::Result;
use crate::base::failpoint;
use crate::config::pool::DEFAULT_WAIT;
use crate::identity::{asker, slot};
use crate::lend::gate::Permit;
use crate::lend::held;
use crate::lend::lease::Lease;
use crate::lend::wait::Wait;
use crate::pool::opened::Opened;
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
    let holder = asker::current(place)?;
    let ask = ask(pool, want, checked, &holder)?;
    let mut wait = Wait::new(&ask, &*pool.backend, timeout(pool, want))?;
    let permit = Arc::new(wait.enter_gate()?);
    loop {
        if let Some(hooks) = pool.hooks()? {
            hooks.enter(&holder, &mut wait)?;
        }
        if let Answer::Granted(granted) = pool.backend.acquire(&ask, &mut wait)?
            && let Some(leases) = settle(pool, &ask, granted, &permit)?
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
    let holder = asker::current(place)?;
    let permit = match held::by(&holder.token).is_empty() {
        true => match Permit::wait(checked.count as u64, Instant::now()) {
            Some(permit) => permit,
            None => return Ok(None),
        },
        false => Permit::unlimited(),
    };
    let permit = Arc::new(permit);
    let ask = ask(pool, want, checked, &holder)?;
    loop {
        if let Some(hooks) = pool.hooks()? {
            match Wait::new(&ask, &*pool.backend, timeout(pool, want)) {
                Err(error) if error.is_already_held() => return Ok(None),
                wait => hooks.enter(&holder, &mut wait?)?,
            }
        }
        match pool.backend.try_acquire(&ask)? {
            Answer::Granted(granted) => return settle(pool, &ask, granted, &permit),
            Answer::Busy => return Ok(None),
            Answer::Gone => {}
        }
    }
}

/// Takes a name as the reaper does: even if it is broken, and without hooks.
pub(crate) fn acquire_to_clean(
    pool: &Opened,
    name: &str,
    run: &str,
    patience: Duration,
) -> Result<Lease> {
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
    let ask = Ask {
        even_broken: true,
        ..ask(pool, &want, checked, &holder)?
    };
    let mut wait = Wait::new(&ask, &*pool.backend, patience)?;
    loop {
        if let Answer::Granted(granted) = pool.backend.acquire(&ask, &mut wait)? {
            let permit = Arc::new(Permit::unlimited());
            let leases = leases(pool, want.access, granted, &permit).next();
            return Ok(leases.expect("one name was granted"));
        }
        wait.tick()?;
    }
}

fn ask<'a>(
    pool: &'a Opened,
    want: &'a Want,
    checked: Checked<'a>,
    holder: &'a Holder,
) -> Result<Ask<'a>> {
    let names = &pool.config.names;
    let allocator = pool.allocator()?;
    Ok(Ask {
        pool: &pool.name,
        names,
        want,
        count: checked.count,
        holder,
        request: RequestId::next(holder.pid),
        given: checked.given,
        first: slot::first(names.capacity()),
        warm_first: pool.hooks()?.is_some(),
        even_broken: false,
        decide: allocator.map(|allocator| &*allocator.decide),
        allocator: allocator.map(|allocator| &allocator.code),
    })
}

fn timeout(pool: &Opened, want: &Want) -> Duration {
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
        Lease::new(name, access, &pool.backend, permit, granted)
    })
}

/// Makes the names ready, and lets other readers in. `None` if a writer was quicker.
fn settle(
    pool: &Opened,
    ask: &Ask<'_>,
    granted: Vec<Granted>,
    permit: &Arc<Permit>,
) -> Result<Option<Vec<Lease>>> {
    let hooks = pool.hooks()?;
    let access = ask.want.access;
    let mut unsettled: Vec<_> = leases(pool, access, granted, permit).collect();
    // With the names in hand: hooks that were not declared by now have not begun, and
    // find these names lent.
    let refused = refuse(pool, ask, &mut unsettled);
    if hooks.is_some() || refused.is_err() {
        unsettled.iter_mut().for_each(Lease::keep_as_it_was);
    }
    refused?;
    let mut settled = Vec::with_capacity(unsettled.len());
    for mut lease in unsettled {
        if let Some(hooks) = hooks {
            match lease.is_alone() {
                true => hooks.prepare(&mut lease)?,
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

/// Refuses names to a process that lacks code of the pool.
fn refuse(pool: &Opened, ask: &Ask<'_>, leases: &mut [Lease]) -> Result<()> {
    missing_code::refuse(&*pool.backend, ask)?;
    if ask.has_hooks() {
        return Ok(());
    }
    for lease in leases {
        if lease.hold().record().life.is_some() {
            return Err(missing_code::made_by_others(&pool.name, lease.name()));
        }
    }
    Ok(())
}
