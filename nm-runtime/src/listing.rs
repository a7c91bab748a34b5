//! The annotated tests of a test binary, told by the binary itself: what their
//! attributes ask for, in pools as large as the configuration makes them.

use std::collections::HashMap;
use std::io::{self, Write};
use std::path::Path;
use std::process::Command;

use crate::config::{PoolConfig, SizeFrom};
use crate::error::Result;
use crate::json;
use crate::mode;
use crate::name;
use crate::notice;
use crate::registry::{self, Amount, RequestSpec, TestSpec};
use crate::state_dir::PoolDir;
use crate::variables;
use crate::workspace::{self, Workspace};

/// 1: 2026-11.
const VERSION: u32 = 1;

/// One annotated test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Test {
    /// The version of the format.
    v: u32,
    /// As runners know it: without the crate.
    pub test: String,
    /// As the journal knows it: with the crate.
    pub path: String,
    /// The source file.
    pub file: String,
    /// What it asks for, one entry an attribute.
    pub requests: Vec<Request>,
}

json::object!(Test { v as "name-manager-test", test, path, file, requests });

/// What one attribute asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The pool.
    pub pool: String,
    /// Whether several of such requests share a name.
    pub shared: bool,
    /// So many names at once.
    pub count: u32,
    /// The whole pool.
    pub all: bool,
    /// This name only.
    pub name: Option<String>,
    /// How many names the pool has, as far as this binary can tell.
    pub size: Option<u32>,
    /// Whether other binaries may say how many it has.
    pub open: bool,
    /// Where the pool's state lives.
    pub dir: Option<String>,
    /// Why the pool cannot be used: the test will fail with it.
    pub error: Option<String>,
}

json::object!(Request {
    pool,
    shared,
    count,
    all,
    name,
    size,
    open,
    dir,
    error
});

/// Makes the command print what it knows, whether or not it is a test binary
/// with annotated tests: any other that libtest runs lists its tests then, and
/// runs none.
pub fn ask(binary: &mut Command) {
    binary.env(mode::VARIABLE, mode::LIST);
    binary.args(["--list", "--format", "terse"]);
}

/// The annotated tests in what a binary printed.
pub fn parse(printed: &str) -> impl Iterator<Item = Test> {
    let tests = printed
        .lines()
        .filter_map(|line| json::from_slice::<Test>(line.as_bytes()));
    tests.filter(|test| test.v == VERSION && test.requests.iter().all(Request::is_sound))
}

impl Request {
    /// Whether an attribute can ask for it; what is wrong with it is said otherwise.
    fn is_sound(&self) -> bool {
        let can_be = self.count > 0 && self.size != Some(0);
        self.error.is_some() || (can_be && name::check_pool(&self.pool).is_ok())
    }
}

/// What a binary in this mode does. Returns its exit code.
pub(crate) fn print() -> i32 {
    let mut pools = Pools::default();
    let mut text = String::new();
    for spec in registry::tests() {
        text.push_str(&json::to_string(&pools.describe(spec)));
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
struct Pools(HashMap<(&'static str, &'static str), std::result::Result<Pool, String>>);

#[derive(Clone)]
struct Pool {
    size: Option<u32>,
    open: bool,
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
                .map(|request| self.request(spec, &request))
                .collect(),
        }
    }

    fn request(&mut self, spec: &TestSpec, request: &RequestSpec) -> Request {
        let key = (request.pool, spec.manifest_dir);
        let pool = self
            .0
            .entry(key)
            .or_insert_with(|| Pool::look_up(key.0, key.1).map_err(|error| error.to_string()));
        let (pool, error) = match pool {
            Ok(pool) => (Some(&*pool), None),
            Err(error) => (None, Some(error.clone())),
        };
        Request {
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
            dir: pool.map(|pool| pool.dir.clone()),
            error,
        }
    }
}

impl Pool {
    fn look_up(pool: &'static str, compiled_in: &'static str) -> Result<Self> {
        name::check_pool(pool)?;
        let workspace = match workspace::manifest_dir(Some(compiled_in))? {
            Some(dir) => Some(Workspace::of(Path::new(&dir))?),
            None => None,
        };
        // Not opened: listing leaves no trace.
        let config = PoolConfig::new(pool, variables::get()?, workspace.as_ref())?;
        Ok(Self {
            size: config.names.capacity().map(|size| size as u32),
            open: config.size_from == SizeFrom::Nowhere,
            dir: PoolDir::path(&config.state_dir, pool)
                .to_string_lossy()
                .into_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_print_is_no_annotated_test() {
        let printed = concat!(
            "lists_users: test\n",
            "{\"name-manager-test\":9,\"test\":\"a\",\"path\":\"t::a\",\"file\":\"t.rs\",\"requests\":[]}\n",
            "{\"name-manager-test\":1,\"test\":\"a\",\"path\":\"t::a\",\"file\":\"t.rs\",\"requests\":[]}\n",
            "{\"name-manager-test\":1,\"tes",
        );
        let tests: Vec<_> = parse(printed).map(|test| test.path).collect();
        assert_eq!(tests, ["t::a"]);
    }

    #[test]
    fn what_no_attribute_can_ask_for_is_no_annotated_test() {
        let printed = |pool: &str, count: u32, size: &str| {
            format!(
                r#"{{"name-manager-test":1,"test":"a","path":"t::a","file":"t.rs","requests":[{{"pool":"{pool}","shared":false,"count":{count},"all":false,"name":null,"size":{size},"open":false,"dir":null,"error":null}}]}}"#
            )
        };
        assert_eq!(parse(&printed("db", 1, "2")).count(), 1);
        for none in [
            printed("db", 0, "2"),
            printed("db", 1, "0"),
            printed("a]", 1, "2"),
        ] {
            assert_eq!(parse(&none).count(), 0, "{none}");
        }
    }
}
