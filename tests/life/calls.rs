//! What the hooks and bodies wrote down themselves.

use std::fmt;
use std::fs;
use std::path::Path;

/// One line that a hook or a body wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Whether it is the beginning; else the end.
    pub start: bool,
    /// `init`, or `body`.
    pub what: String,
    /// The name; `-` of a pool's hooks.
    pub name: String,
    pub pid: u32,
    /// Why it is reset; which test it is.
    pub detail: String,
}

/// All of them, in order.
pub struct Calls(pub Vec<Call>);

impl Calls {
    pub fn read(file: &Path) -> Self {
        let text = fs::read_to_string(file).unwrap_or_default();
        // The last line may be under way.
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        Self(whole.lines().map(Call::parse).collect())
    }

    pub fn started(&self, what: &str) -> impl Iterator<Item = &Call> {
        self.0
            .iter()
            .filter(move |call| call.start && call.what == what)
    }

    pub fn ended(&self, what: &str) -> impl Iterator<Item = &Call> {
        self.0
            .iter()
            .filter(move |call| !call.start && call.what == what)
    }

    /// The names for which it began, in order.
    pub fn names(&self, what: &str) -> Vec<&str> {
        self.started(what).map(|call| &*call.name).collect()
    }

    /// Why names were reset, in order.
    pub fn reasons(&self) -> Vec<&str> {
        self.started("reset").map(|call| &*call.detail).collect()
    }

    /// How often it began and ended.
    #[track_caller]
    pub fn expect(&self, what: &str, started: usize, ended: usize) {
        let found = (self.started(what).count(), self.ended(what).count());
        assert_eq!(found, (started, ended), "{what}\n{self}");
    }

    /// All bodies of all runs, the hooks around them, and nothing else.
    #[track_caller]
    pub fn expect_whole_life(&self, bodies: usize) {
        let inits = self.started("init").count();
        self.expect("setup", 1, 1);
        self.expect("body", bodies, bodies);
        self.expect("init", inits, inits);
        self.expect("reset", bodies - inits, bodies - inits);
        self.expect("cleanup", inits, inits);
        self.expect("teardown", 1, 1);
        let sorted = |what| {
            let mut names = self.names(what);
            names.sort();
            names
        };
        let mut once = sorted("init");
        once.dedup();
        assert_eq!(sorted("init"), once, "{self}");
        assert_eq!(sorted("cleanup"), once, "{self}");
        assert_eq!(self.0.last().unwrap().what, "teardown", "{self}");
    }
}

impl Call {
    fn parse(line: &str) -> Self {
        let mut parts = line.splitn(5, '\t');
        let mut next = || {
            parts
                .next()
                .unwrap_or_else(|| panic!("half a line: {line:?}"))
        };
        Self {
            start: next() == "start",
            what: next().to_owned(),
            name: next().to_owned(),
            pid: next().parse().unwrap(),
            detail: next().to_owned(),
        }
    }
}

impl fmt::Display for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for call in &self.0 {
            let phase = if call.start { "start" } else { "end  " };
            let Call {
                what,
                name,
                pid,
                detail,
                ..
            } = call;
            writeln!(f, "{phase} {what:8} {name:6} {pid:8} {detail}")?;
        }
        Ok(())
    }
}
