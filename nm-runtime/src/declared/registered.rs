//! What this binary registers for a pool: at most one resource, or one allocator.

use once_cell::sync::OnceCell;

use crate::base::error::{Error, Result};
use crate::declared::call::call;
use crate::declared::place::Place;
use crate::declared::resource::{Resource, ResourceSpec};
use crate::declared::section;
use crate::terms::code::Code;
use crate::terms::decision::Decide;

/// A pool's resource in this process.
pub(crate) struct Registered {
    pool: String,
    code: Code,
    pub(crate) resource: Box<dyn Resource>,
    fingerprint: OnceCell<Option<String>>,
}

impl Registered {
    /// The resource of that pool, if this binary has one.
    pub(crate) fn find(pool: &str) -> Result<Option<Self>> {
        let specs = section::resources().into_iter();
        let mut specs = specs.filter(|spec| spec.pool == pool);
        let Some(spec) = specs.next() else {
            return Ok(None);
        };
        only(
            pool,
            "resources",
            spec.place,
            specs.next().map(|spec| spec.place),
        )?;
        let make = || Ok((spec.make)());
        let resource = call(make).map_err(|error| {
            Error::hook(
                format!("failed to make the resource of pool `{pool}`"),
                error,
            )
        })?;
        Ok(Some(Self::new(pool, Self::code_of(spec), resource)))
    }

    /// A resource that no attribute registers.
    pub(crate) fn new(pool: &str, code: Code, resource: Box<dyn Resource>) -> Self {
        Self {
            pool: pool.to_owned(),
            code,
            resource,
            fingerprint: OnceCell::new(),
        }
    }

    /// Where one is that an attribute registers.
    pub(crate) fn code_of(spec: &ResourceSpec) -> Code {
        code(spec.module, spec.place)
    }

    /// Where it is, for processes that do not contain it.
    pub(crate) fn code(&self) -> Code {
        self.code.clone()
    }

    pub(crate) fn fingerprint(&self) -> Result<Option<&str>> {
        let ask = || call(|| self.resource.fingerprint());
        let fingerprint = self.fingerprint.get_or_try_init(ask).map_err(|error| {
            Error::hook(format!("failed to fingerprint pool `{}`", self.pool), error)
        })?;
        Ok(fingerprint.as_deref())
    }
}

/// A pool's allocator in this process.
pub(crate) struct RegisteredAllocator {
    pub(crate) decide: Box<dyn Decide>,
    /// Where it is, for processes that do not contain it.
    pub(crate) code: Code,
}

impl RegisteredAllocator {
    /// The place of this binary's allocator of that pool.
    pub(crate) fn place(pool: &str) -> Option<String> {
        let specs = section::allocators().into_iter();
        let mut specs = specs.filter(|spec| spec.pool == pool);
        specs.next().map(|spec| spec.place.to_string())
    }

    /// The allocator of that pool, if this binary has one.
    pub(crate) fn find(pool: &str) -> Result<Option<Self>> {
        let specs = section::allocators().into_iter();
        let mut specs = specs.filter(|spec| spec.pool == pool);
        let Some(spec) = specs.next() else {
            return Ok(None);
        };
        only(
            pool,
            "allocators",
            spec.place,
            specs.next().map(|spec| spec.place),
        )?;
        let made = call(|| Ok((spec.make)()));
        let decide = made.map_err(|error| {
            Error::hook(
                format!("failed to make the allocator of pool `{pool}`"),
                error,
            )
        })?;
        Ok(Some(Self {
            decide,
            code: code(spec.module, spec.place),
        }))
    }
}

/// An error if there is a second one.
fn only(pool: &str, what: &str, first: Place, second: Option<Place>) -> Result<()> {
    second.map_or(Ok(()), |second| {
        Err(Error::config(format!(
            "pool `{pool}` has two {what}, at {first} and at {second}; keep one"
        )))
    })
}

fn code(module: &str, place: Place) -> Code {
    let krate = module.split("::").next().unwrap_or(module);
    Code {
        krate: krate.to_owned(),
        place: place.to_string(),
        commands: None,
    }
}
