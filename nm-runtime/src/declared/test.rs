//! What attributes wrote down in this binary.

use crate::terms::want::Amount;

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
    /// What it asks for, one request an attribute, in source order:
    /// `db max=2;mail shared`.
    pub requests: &'static str,
    /// The lines of the attributes: `12 15`.
    pub lines: &'static str,
}

impl TestSpec {
    /// What its attributes ask for, in source order.
    pub fn requests(&self) -> impl Iterator<Item = RequestSpec> {
        let lines = self.lines.split_whitespace();
        let lines = lines.map(|line| line.parse().expect(WRITTEN));
        self.requests.split(';').zip(lines).map(RequestSpec::read)
    }
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
    pub names: Vec<&'static str>,
    /// `name`: this one only.
    pub name: Option<&'static str>,
    /// `access = "shared"`.
    pub shared: bool,
    /// `count`, or all of them.
    pub amount: Amount,
    /// `wait_timeout`, checked by the macro to be a duration.
    pub wait_timeout: Option<&'static str>,
}

const WRITTEN: &str = "written by the attribute";

impl RequestSpec {
    /// Reads what the attribute made of its options: the pool, and what was given.
    /// No value has a space, `;` or `,` in it.
    fn read((text, line): (&'static str, u32)) -> Self {
        let mut words = text.split(' ');
        let mut spec = Self {
            pool: words.next().expect(WRITTEN),
            line,
            max: None,
            names: Vec::new(),
            name: None,
            shared: false,
            amount: Amount::Count(1),
            wait_timeout: None,
        };
        for word in words {
            let (option, value) = word.split_once('=').unwrap_or((word, ""));
            match option {
                "max" => spec.max = Some(value.parse().expect(WRITTEN)),
                "names" => spec.names = value.split(',').collect(),
                "name" => spec.name = Some(value),
                "shared" => spec.shared = true,
                "count" => spec.amount = Amount::Count(value.parse().expect(WRITTEN)),
                "all" => spec.amount = Amount::All,
                "wait_timeout" => spec.wait_timeout = Some(value),
                _ => unreachable!("{word:?} is not {WRITTEN}"),
            }
        }
        spec
    }
}
