//! Prints the annotated tests of this binary.

use std::io::{self, Write};

use crate::base::error::Result;
use crate::base::{json, notice};
use crate::config::pool::SizeFrom;
use crate::config::surroundings::Surroundings;
use crate::config::workspace::Package;
use crate::declared::registered::RegisteredAllocator;
use crate::declared::section;
use crate::declared::test::{RequestSpec, TestSpec};
use crate::modes::listing::test::{Request, Test, VERSION};
use crate::terms::name;
use crate::terms::want::Amount;

/// The mode in which a process prints its annotated tests.
pub(crate) const MODE: &str = "list";

/// Does the work of this mode. Returns the exit code.
pub(crate) fn print() -> i32 {
    let mut pools = Pools::default();
    let mut text = String::new();
    for spec in section::tests() {
        let test = pools.describe(spec);
        if test.requests.is_empty() {
            continue;
        }
        text.push_str(&json::to_string(&test));
        text.push('\n');
    }
    let mut stdout = io::stdout().lock();
    match stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
    {
        Ok(()) => 0,
        Err(error) => {
            notice::say(&format!("failed to list annotated tests: {error}\n"));
            1
        }
    }
}

/// The pools of this binary: each is looked up once.
#[derive(Default)]
struct Pools(Vec<(Key, std::result::Result<Pool, String>)>);

/// A pool's name, and the package of the test that asks for it.
type Key = (&'static str, &'static str);

struct Pool {
    size: Option<u32>,
    open: bool,
    allocator: Option<String>,
    dir: String,
}

impl Pools {
    fn describe(&mut self, spec: &TestSpec) -> Test {
        let requests = spec.requests();
        Test {
            v: VERSION,
            test: spec
                .test
                .split_once("::")
                .map_or(spec.test, |(_, test)| test)
                .to_owned(),
            path: spec.test.to_owned(),
            file: spec.file.to_owned(),
            requests: requests
                .filter_map(|request| self.request(spec, &request))
                .collect(),
        }
    }

    fn request(&mut self, spec: &TestSpec, request: &RequestSpec) -> Option<Request> {
        let key = (request.pool, spec.manifest_dir);
        let known = self.0.iter().position(|(known, _)| *known == key);
        let at = known.unwrap_or(self.0.len());
        if known.is_none() {
            let pool = Pool::look_up(key.0, key.1).map_err(|error| error.to_string());
            self.0.push((key, pool));
        }
        let (pool, error) = match &self.0[at].1 {
            Ok(pool) => (Some(pool), None),
            Err(error) => (None, Some(error.clone())),
        };
        // In its own name a process waits for no other: unless a size is configured.
        if request.own && pool.is_some_and(|pool| pool.size.is_none()) {
            return None;
        }
        Some(Request {
            pool: request.pool.to_owned(),
            shared: request.shared,
            count: match request.amount {
                Amount::Count(count) => count,
                Amount::All => pool.and_then(|pool| pool.size).unwrap_or(1),
            },
            all: request.amount == Amount::All,
            name: request.name.map(str::to_owned),
            size: pool.and_then(|pool| pool.size),
            open: pool.is_some_and(|pool| pool.open),
            allocator: pool.and_then(|pool| pool.allocator.clone()),
            dir: pool.map(|pool| pool.dir.clone()),
            error,
        })
    }
}

impl Pool {
    fn look_up(pool: &'static str, compiled_in: &'static str) -> Result<Self> {
        name::check_pool(pool)?;
        let package = Package::find(Some(compiled_in))?;
        // Not opened: listing leaves no trace.
        let config = Surroundings::of(&package)?.pool(pool)?;
        Ok(Self {
            size: config.names.capacity().map(|size| size as u32),
            open: config.size_from == SizeFrom::Nowhere,
            allocator: RegisteredAllocator::place(pool),
            dir: config.pool_dir(pool).to_string_lossy().into_owned(),
        })
    }
}
