//! An annotated test as a binary prints it: one JSON object per line.

use crate::base::json;

/// 1: 2026-11.
pub(super) const VERSION: u32 = 1;

/// One annotated test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Test {
    /// The version of the format.
    pub(super) v: u32,
    /// As runners know it: without the crate.
    pub test: String,
    /// As the journal knows it: with the crate.
    pub path: String,
    /// The source file.
    pub file: String,
    /// What it asks for, one entry per attribute.
    pub requests: Vec<Request>,
}

json::object!(write Test { v as "name-manager-test", test, path, file, requests });

/// What one attribute asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The pool.
    pub pool: String,
    /// Whether several such requests share a name.
    pub shared: bool,
    /// How many names at once.
    pub count: u32,
    /// The whole pool.
    pub all: bool,
    /// Only this name.
    pub name: Option<String>,
    /// How many names the pool has, as far as this binary can tell.
    pub size: Option<u32>,
    /// Whether other binaries may say how many it has.
    pub open: bool,
    /// Where the pool's allocator is, if it has one: how many names it grants is not known
    /// beforehand.
    pub allocator: Option<String>,
    /// Where the pool's state lives.
    pub dir: Option<String>,
    /// Why the pool cannot be used: the test will fail with it.
    pub error: Option<String>,
}

json::object!(write Request { pool, shared, count, all, name, size, open, allocator, dir, error });
