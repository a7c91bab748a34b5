//! What the expansion of `#[shared_resource]` calls.

use std::mem;
use std::panic::Location;
use std::sync::{Arc, Mutex};

use nm_words::request;

use crate::base::clock;
use crate::base::error::{BoxError, Result};
use crate::declared::section::Entry;
use crate::declared::test::{RequestSpec, TestSpec};
use crate::identity::asker::CurrentTest;
use crate::lend::held;
use crate::lend::lease::{FromLease, Lease};
use crate::pool::Pool;
use crate::pool::again;
#[cfg(feature = "keys")]
use crate::pool::keys::{Keys, Turns, keys_of};
use crate::pool::request::Request;
use crate::pool::unbounded;
use crate::terms::access::Access;
use crate::terms::holder::Holder;
use crate::terms::want::Want;

/// All leases of one test, by request. Those that no parameter takes are held until
/// this drops.
#[derive(Debug)]
#[must_use = "the names return to their pools at once if the leases are dropped"]
pub struct Leases {
    names: Names,
    /// Of a test that asks for nothing but keys of this process.
    #[cfg(feature = "keys")]
    _turns: Option<Turns>,
    _test: Option<CurrentTest>,
}

#[derive(Debug, Default)]
struct Names {
    by_request: Vec<Vec<Lease>>,
    /// Those that this thread can have again.
    again: Vec<Arc<Mutex<Lease>>>,
    /// As which the test holds them.
    holder: Option<Arc<Holder>>,
}

impl Drop for Names {
    fn drop(&mut self) {
        self.by_request.clear();
        self.again.clear();
        // What is held now was forgotten, or kept in a static or another thread.
        if let Some(holder) = &self.holder {
            held::outlive(holder, clock::now());
        }
    }
}

/// Takes everything the test asks for.
///
/// # Panics
///
/// If that is not possible: the message says why, and fails the test.
#[track_caller]
pub fn acquire(entry: &'static Entry) -> Leases {
    let Entry::Test(spec) = entry else {
        unreachable!("the attribute on a test declares a test");
    };
    match try_acquire(spec, Location::caller()) {
        Ok(leases) => leases,
        Err(error) => panic!("{error:?}"),
    }
}

fn try_acquire(spec: &'static TestSpec, place: &Location<'_>) -> Result<Leases> {
    #[cfg(feature = "keys")]
    if let Some(keys) = keys_of(spec)? {
        let test = CurrentTest::enter(spec, spec.line());
        return Ok(Leases::of_keys(keys.take(place)?, Some(test)));
    }
    let asked: Vec<RequestSpec> = spec.requests().collect();
    let test = CurrentTest::enter(spec, asked.first().map_or(0, |first| first.line));
    take_all(&asked, Some((spec, test)), place)
}

/// Takes what attributes would ask for, for code that has none.
///
/// # Panics
///
/// As [`acquire`].
#[cfg(feature = "keys")]
#[track_caller]
pub fn acquire_as_asked(asked: &[request::Request<'_>]) -> Leases {
    match try_acquire_as_asked(asked, Location::caller()) {
        Ok(leases) => leases,
        Err(error) => panic!("{error:?}"),
    }
}

#[cfg(feature = "keys")]
fn try_acquire_as_asked(asked: &[request::Request<'_>], place: &Location<'_>) -> Result<Leases> {
    match Keys::of(asked, None)? {
        Some(keys) => Ok(Leases::of_keys(keys.take(place)?, None)),
        None => take_all(asked, None, place),
    }
}

fn access(shared: bool) -> Access {
    match shared {
        true => Access::Shared,
        false => Access::Exclusive,
    }
}

fn take_all(
    asked: &[request::Request<'_>],
    test: Option<(&'static TestSpec, CurrentTest)>,
    place: &Location<'_>,
) -> Result<Leases> {
    let compiled_in = test.as_ref().map(|(spec, _)| spec.manifest_dir);
    let mut requests = Vec::with_capacity(asked.len());
    let mut bare = Vec::new();
    let mut again = Vec::new();
    // Of each request, the pool in which the thread can have its name again.
    let mut kept = Vec::with_capacity(asked.len());
    for request in asked {
        let pool = Pool::open_for(request.pool, compiled_in)?;
        let mut want = want(request)?;
        if pool.opened.config.wait_timeout.is_some() {
            want.timeout = None;
        }
        if request.own {
            want.name = Some(pool.opened.own_name()?);
        }
        if request.bare {
            bare.push((pool.opened.clone(), request.line));
        }
        let keep = request.again.then(|| (pool.opened.clone(), want.access));
        if let Some((pool, access)) = &keep
            && let Some(lease) = again::find(pool, *access)
        {
            again.push(lease);
            continue;
        }
        kept.push(keep);
        requests.push(Request::new(pool.opened, want));
    }
    let mut by_request = Request::acquire_all_at(requests, place)?;
    if let Some((spec, _)) = &test {
        for (pool, line) in bare {
            unbounded::warn_if_pointless(&pool, spec.file, line)?;
        }
    }
    let holder = by_request.iter_mut().find_map(|leases| leases.first_mut());
    let holder = holder.map(|lease| lease.hold().holder().clone());
    for (leases, keep) in by_request.iter_mut().zip(kept) {
        if let Some((pool, access)) = keep {
            let leases = mem::take(leases).into_iter();
            again.extend(leases.map(|lease| again::keep(&pool, access, lease)));
        }
    }
    Ok(Leases {
        names: Names {
            by_request,
            again,
            holder,
        },
        #[cfg(feature = "keys")]
        _turns: None,
        _test: test.map(|(_, test)| test),
    })
}

fn want(request: &request::Request<'_>) -> Result<Want> {
    let timeout = request.wait_timeout.map(|timeout| {
        humantime::parse_duration(timeout).map_err(|error| {
            let message = format!("`wait_timeout` is {timeout:?}; expected a duration like `3m`");
            crate::base::error::Error::config(message).because(error)
        })
    });
    Ok(Want {
        access: access(request.shared),
        amount: request.amount,
        name: request.name.map(str::to_owned),
        timeout: timeout.transpose()?,
        label: None,
        set_env: request.set_env,
    })
}

impl Leases {
    #[cfg(feature = "keys")]
    fn of_keys(turns: Turns, test: Option<CurrentTest>) -> Self {
        Self {
            names: Names::default(),
            _turns: Some(turns),
            _test: test,
        }
    }

    /// The leases of the request with this index, as the type of a parameter.
    ///
    /// # Panics
    ///
    /// If the parameter cannot be made from them: fails the test.
    #[track_caller]
    pub fn take<T: FromLeases>(&mut self, request: usize) -> T {
        let leases = mem::take(&mut self.names.by_request[request]);
        let names = leases
            .iter()
            .map(|lease| lease.name())
            .collect::<Vec<_>>()
            .join(", ");
        match T::from_leases(leases) {
            Ok(value) => value,
            Err(error) => panic!("failed to make a test parameter from {names}: {error}"),
        }
    }
}

/// The type of a parameter: `T: FromLease`, or for several names a `Vec` of those.
#[diagnostic::on_unimplemented(
    message = "a test parameter of type `{Self}` cannot be made from a lease",
    label = "takes `Lease`, a type that implements `FromLease`, or (with `count` or `all`) a `Vec` of those"
)]
pub trait FromLeases: Sized {
    /// Makes the parameter from all leases of one request.
    ///
    /// # Errors
    ///
    /// As [`FromLease::from_lease`].
    fn from_leases(leases: Vec<Lease>) -> std::result::Result<Self, BoxError>;
}

impl<T: FromLease> FromLeases for T {
    fn from_leases(leases: Vec<Lease>) -> std::result::Result<Self, BoxError> {
        let mut leases = leases.into_iter();
        match (leases.next(), leases.len()) {
            (Some(lease), 0) => T::from_lease(lease),
            (_, more) => {
                Err(format!("{} names for one parameter; write `Vec<..>`", more + 1).into())
            }
        }
    }
}

impl<T: FromLease> FromLeases for Vec<T> {
    fn from_leases(leases: Vec<Lease>) -> std::result::Result<Self, BoxError> {
        leases.into_iter().map(T::from_lease).collect()
    }
}
