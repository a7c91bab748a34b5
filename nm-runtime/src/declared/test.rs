//! An annotated test, as its attributes wrote it into this binary.

use nm_words::request;

/// One annotated test, as the attribute wrote it down.
#[derive(Debug)]
pub struct TestSpec {
    /// `module_path!()` and the function's name, joined by `::`.
    pub test: &'static str,
    /// `CARGO_MANIFEST_DIR` of the test's package when it was compiled.
    pub manifest_dir: &'static str,
    /// The source file of the attribute.
    pub file: &'static str,
    /// Whether it is an `async fn`.
    pub asynchronous: bool,
    /// Whether it is to panic: then it leaves its names clean when it does.
    pub must_panic: bool,
    /// What it asks for, one request per attribute, in source order, as
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

    /// The line of the first attribute.
    pub(crate) fn line(&self) -> u32 {
        // Each test that only takes a key does this, mostly in a debug build: there it is a tenth
        // of what `split_once` and `parse` take.
        let (text, mut line, mut at) = (self.lines.as_bytes(), 0, 0);
        while at < text.len() && text[at].is_ascii_digit() {
            line = line * 10 + (text[at] - b'0') as u32;
            at += 1;
        }
        line
    }
}

/// What one `#[shared_resource(..)]` asks for.
pub type RequestSpec = request::Request<'static>;
