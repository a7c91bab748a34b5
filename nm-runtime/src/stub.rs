#![allow(missing_docs, dead_code)]
//! Stand-ins with the final signatures, until the engine lands.
use crate::registry::{Amount, TestSpec};
use std::fmt;
use std::ops::Deref;

pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
#[derive(Debug)]
pub struct Error;
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    Exclusive,
    Shared,
}
#[derive(Debug)]
pub struct Pool;
#[derive(Debug)]
pub struct Request;
#[derive(Debug)]
pub struct Name(String);
impl Deref for Name {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}
#[derive(Debug)]
pub struct Lease(Name);
impl Deref for Lease {
    type Target = Name;
    fn deref(&self) -> &Name {
        &self.0
    }
}
impl fmt::Display for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a test's parameter can be made from a lease.
#[diagnostic::on_unimplemented(
    message = "a test parameter of type `{Self}` cannot be made from a lease",
    label = "takes `Lease`, a type that implements `FromLease`, or (with `count` or `all`) a `Vec` of those"
)]
pub trait FromLease: Sized {
    fn from_lease(lease: Lease) -> Result<Self, BoxError>;
}
impl FromLease for Lease {
    fn from_lease(lease: Lease) -> Result<Self, BoxError> {
        Ok(lease)
    }
}

#[diagnostic::on_unimplemented(
    message = "a test parameter of type `{Self}` cannot be made from a lease",
    label = "takes `Lease`, a type that implements `FromLease`, or (with `count` or `all`) a `Vec` of those"
)]
pub trait FromLeases: Sized {
    fn from_leases(leases: Vec<Lease>) -> Result<Self, BoxError>;
}
impl<T: FromLease> FromLeases for T {
    fn from_leases(mut leases: Vec<Lease>) -> Result<Self, BoxError> {
        T::from_lease(leases.remove(0))
    }
}
impl<T: FromLease> FromLeases for Vec<T> {
    fn from_leases(leases: Vec<Lease>) -> Result<Self, BoxError> {
        leases.into_iter().map(T::from_lease).collect()
    }
}

#[derive(Debug)]
#[must_use = "the names return to their pools at once if the leases are dropped"]
pub struct Leases(Vec<Vec<Lease>>);

/// Takes everything the test asks for; panics with the reason when it cannot.
#[track_caller]
pub fn acquire(spec: &'static TestSpec) -> Leases {
    Leases(
        spec.requests
            .iter()
            .map(|r| {
                let n = match r.amount {
                    Amount::Count(n) => n,
                    Amount::All => r.max.unwrap_or(1),
                };
                (0..n)
                    .map(|i| Lease(Name(format!("{}-{i}", r.pool))))
                    .collect()
            })
            .collect(),
    )
}

impl Leases {
    /// The leases of the request with this index, as what the parameter wants.
    #[track_caller]
    pub fn take<T: FromLeases>(&mut self, request: usize) -> T {
        match T::from_leases(std::mem::take(&mut self.0[request])) {
            Ok(value) => value,
            Err(error) => panic!("failed to make a test parameter from its lease: {error}"),
        }
    }
}
