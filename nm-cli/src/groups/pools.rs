use std::collections::{BTreeMap, BTreeSet};
use std::ptr;

use nm_runtime::listing::Request;

use crate::groups::arrangement::Class;
use crate::listing::Annotated;

/// The pools of all tests, and which of them each test is limited by.
pub struct Pools<'a> {
    sizes: BTreeMap<&'a str, u32>,
    errors: BTreeMap<&'a str, &'a str>,
    /// The test, the request by which it is limited, and its others.
    tests: Vec<(&'a Annotated, &'a Request)>,
    all: &'a [Annotated],
}

impl<'a> Pools<'a> {
    pub fn of(tests: &'a [Annotated]) -> Self {
        let mut pools = Self {
            sizes: BTreeMap::new(),
            errors: BTreeMap::new(),
            tests: Vec::new(),
            all: tests,
        };
        for request in tests.iter().flat_map(|test| &test.requests) {
            let pool = request.pool.as_str();
            if let Some(size) = request.size {
                // A size that another binary declares holds for all.
                let known = pools.sizes.entry(pool).or_insert(size);
                *known = size.min(*known);
            }
            if let Some(error) = &request.error {
                pools.errors.insert(pool, error);
            }
        }
        for pool in pools.errors.keys() {
            pools.sizes.remove(pool);
        }
        let contended = pools.contended(tests);
        for test in tests {
            let bounded = test.requests.iter();
            let bounded = bounded.filter(|request| pools.is_bounded(request));
            // A pool with enough names for all tests limits none of them.
            let scarcest = bounded.min_by_key(|request| {
                let is_plenty = !contended.contains(request.pool.as_str());
                (is_plenty, pools.fit(request))
            });
            if let Some(scarcest) = scarcest {
                pools.tests.push((test, scarcest));
            }
        }
        pools
    }

    /// The bounded pools, by name.
    pub fn bounded(&self) -> impl Iterator<Item = &'a str> {
        self.sizes.keys().copied()
    }

    pub fn size(&self, pool: &str) -> u32 {
        self.sizes[pool]
    }

    /// Pools that no test can use, with the reason.
    pub fn unusable(&self) -> Vec<(String, String)> {
        let errors = self.errors.iter();
        errors
            .map(|(pool, error)| (pool.to_string(), error.to_string()))
            .collect()
    }

    /// The tests that are limited by this pool, with their requests to it.
    pub fn members(&self, pool: &str) -> impl Iterator<Item = (&'a Annotated, Class)> {
        let members = self.tests.iter().filter(move |(_, home)| home.pool == pool);
        members.map(|(test, home)| (*test, self.class(home)))
    }

    /// Tests that an allocator may let wait, which no pool limits.
    pub fn undecided(&self) -> impl Iterator<Item = &'a Annotated> {
        let tests = self.all.iter();
        tests.filter(|test| {
            let is_limited = self
                .tests
                .iter()
                .any(|(limited, _)| ptr::eq(*limited, *test));
            let mut requests = test.requests.iter();
            !is_limited && requests.any(|request| request.allocator.is_some())
        })
    }

    /// How many of its names can be held by tests that are limited by other pools.
    pub fn taken_by_guests(&self, pool: &str) -> u32 {
        let mut by_home: BTreeMap<&str, (u32, u32, u32)> = BTreeMap::new();
        for (test, home) in &self.tests {
            if home.pool == pool {
                continue;
            }
            if let Some(guest) = test.requests.iter().find(|request| request.pool == pool) {
                let (count, at_once, tests) = by_home.entry(&home.pool).or_default();
                *count = self.count(guest).max(*count);
                *at_once = self.fit(home).max(*at_once);
                *tests += 1;
            }
        }
        let taken = by_home
            .into_values()
            .map(|(count, at_once, tests)| count.saturating_mul(at_once.min(tests)));
        taken.fold(0, u32::saturating_add)
    }

    /// The pools that cannot grant all requests of all tests at once.
    fn contended(&self, tests: &'a [Annotated]) -> BTreeSet<&'a str> {
        let mut wanted: BTreeMap<&str, u32> = BTreeMap::new();
        let mut read = BTreeSet::new();
        for request in tests.iter().flat_map(|test| &test.requests) {
            if !self.is_bounded(request) {
                continue;
            }
            let pool = request.pool.as_str();
            let wanted = wanted.entry(pool).or_default();
            // Readers share: together they take as many as one.
            if !request.shared || read.insert(pool) {
                *wanted = wanted.saturating_add(self.count(request));
            }
        }
        let too_many = |(pool, wanted)| (wanted > self.size(pool)).then_some(pool);
        wanted.into_iter().filter_map(too_many).collect()
    }

    fn is_bounded(&self, request: &Request) -> bool {
        self.sizes.contains_key(request.pool.as_str())
    }

    /// How many such requests the pool can grant at once.
    fn fit(&self, request: &Request) -> u32 {
        match (request.shared, &request.name) {
            (true, _) => u32::MAX,
            (false, Some(_)) => 1,
            (false, None) => self.size(&request.pool) / self.count(request).max(1),
        }
    }

    fn count(&self, request: &Request) -> u32 {
        match request.all {
            true => self.size(&request.pool),
            false => request.count,
        }
    }

    fn class(&self, request: &Request) -> Class {
        match (request.shared, &request.name) {
            (true, _) => Class::Shared(self.count(request)),
            (false, Some(name)) => Class::Name(name.clone()),
            (false, None) => Class::Any(self.count(request)),
        }
    }
}
