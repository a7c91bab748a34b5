//! What attributes wrote down in this binary.

use crate::allocator::AllocatorSpec;
use crate::resource::ResourceSpec;
use crate::section::{self, Entry};

/// One annotated test, as the attribute wrote it down.
#[derive(Debug)]
pub struct TestSpec {
    /// `module_path!()` and the function's name, joined by `::`.
    pub test: &'static str,
    /// `CARGO_MANIFEST_DIR` of the test's package when it was compiled.
    pub manifest_dir: &'static str,
    /// Where the attribute stands.
    pub file: &'static str,
    /// Whether it is an `async fn`.
    pub asynchronous: bool,
    /// One entry an attribute, in source order.
    pub requests: &'static [RequestSpec],
}

/// What one `#[shared_resource(..)]` asks for.
#[derive(Debug)]
pub struct RequestSpec {
    /// `pool`.
    pub pool: &'static str,
    /// The line of the attribute.
    pub line: u32,
    /// `max`.
    pub max: Option<u32>,
    /// `names`; empty when not given.
    pub names: &'static [&'static str],
    /// `name`: this one only.
    pub name: Option<&'static str>,
    /// `access = "shared"`.
    pub shared: bool,
    /// `count`, or all of them.
    pub amount: Amount,
    /// `wait_timeout`, checked by the macro to be a duration.
    pub wait_timeout: Option<&'static str>,
}

/// How many names one request takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amount {
    /// So many at once; 1 unless said otherwise.
    Count(u32),
    /// The whole pool.
    All,
}

// Every process of a nextest run looks through them, most in debug builds: what it
// does there are loops, several times as quick as chained iterators.

/// Every annotated test of this binary, in no particular order.
pub fn tests() -> impl Iterator<Item = &'static TestSpec> {
    section::entries().iter().filter_map(|entry| match entry {
        Entry::Test(spec) => Some(spec),
        _ => None,
    })
}

/// Every resource of this binary.
pub(crate) fn resources() -> Vec<&'static ResourceSpec> {
    let mut resources = Vec::new();
    for entry in section::entries() {
        if let Entry::Resource(spec) = entry {
            resources.push(spec);
        }
    }
    resources
}

/// Every allocator of this binary.
pub(crate) fn allocators() -> Vec<&'static AllocatorSpec> {
    let mut allocators = Vec::new();
    for entry in section::entries() {
        if let Entry::Allocator(spec) = entry {
            allocators.push(spec);
        }
    }
    allocators
}

/// Where something stands in the source.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// The file.
    pub file: &'static str,
    /// The line.
    pub line: u32,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}
