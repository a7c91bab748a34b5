//! The annotated tests of this binary: const data, gathered by the linker.

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

/// Every annotated test of this binary, in no particular order.
#[linkme::distributed_slice]
pub static TESTS: [TestSpec];

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
