//! What attributes wrote down in this binary.

use crate::allocator::AllocatorSpec;
use crate::resource::ResourceSpec;
use crate::section::{self, Entry};
use nm_words::request;

pub use nm_words::request::Amount;

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
    /// What it asks for, one request an attribute, in source order, as
    /// [`request::append`] writes them.
    pub requests: &'static str,
    /// The lines of the attributes: `12 15`.
    pub lines: &'static str,
}

impl TestSpec {
    /// What its attributes ask for, in source order.
    pub fn requests(&self) -> impl Iterator<Item = RequestSpec> {
        let requests = request::read(self.requests, self.lines);
        requests.map(|request| request.expect("written by the attributes of this version"))
    }
}

/// What one `#[shared_resource(..)]` asks for.
pub type RequestSpec = request::Request<'static>;

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
