//! What this binary registers for a pool: at most one resource, or one allocator.

use once_cell::sync::OnceCell;

use crate::base::error::{Error, Result};
use crate::declared::call::call;
use crate::declared::resource::{Resource, ResourceSpec};
use crate::declared::section;
use crate::terms::decision::Decide;

/// A pool's resource in this process.
pub(crate) struct Registered {
    pub(crate) spec: &'static ResourceSpec,
    pub(crate) resource: Box<dyn Resource>,
    fingerprint: OnceCell<Option<String>>,
}

impl Registered {
    /// The resource of that pool, if this binary has one.
    pub(crate) fn find(pool: &str) -> Result<Option<Self>> {
        let mut specs = section::resources()
            .into_iter()
            .filter(|spec| spec.pool == pool);
        let Some(spec) = specs.next() else {
            return Ok(None);
        };
        if let Some(second) = specs.next() {
            return Err(Error::config(format!(
                "pool `{pool}` has two resources, at {} and at {}; keep one",
                spec.place, second.place
            )));
        }
        let make = || Ok((spec.make)());
        let resource = call(make).map_err(|error| {
            Error::hook(
                format!("failed to make the resource of pool `{pool}`"),
                error,
            )
        })?;
        Ok(Some(Self {
            spec,
            resource,
            fingerprint: OnceCell::new(),
        }))
    }

    /// A resource that no attribute registers.
    #[cfg(test)]
    pub(crate) fn new(spec: &'static ResourceSpec, resource: Box<dyn Resource>) -> Self {
        Self {
            spec,
            resource,
            fingerprint: OnceCell::new(),
        }
    }

    pub(crate) fn fingerprint(&self) -> Result<Option<&str>> {
        let ask = || call(|| self.resource.fingerprint());
        let fingerprint = self.fingerprint.get_or_try_init(ask).map_err(|error| {
            Error::hook(
                format!("failed to fingerprint pool `{}`", self.spec.pool),
                error,
            )
        })?;
        Ok(fingerprint.as_deref())
    }
}

/// The allocator of that pool, if this binary has one.
pub(crate) fn allocator(pool: &str) -> Result<Option<Box<dyn Decide>>> {
    let mut specs = section::allocators()
        .into_iter()
        .filter(|spec| spec.pool == pool);
    let Some(spec) = specs.next() else {
        return Ok(None);
    };
    if let Some(second) = specs.next() {
        return Err(Error::config(format!(
            "pool `{pool}` has two allocators, at {} and at {}; keep one",
            spec.place, second.place
        )));
    }
    let made = call(|| Ok((spec.make)()));
    let made = made.map_err(|error| {
        Error::hook(
            format!("failed to make the allocator of pool `{pool}`"),
            error,
        )
    })?;
    Ok(Some(made))
}
