use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::time::Duration;

use nm_runtime::journal::{Kind, Reader};

use crate::listing::Annotated;

/// How much of each pool's journal is read: the last few thousand leases.
const END: u64 = 4 << 20;
/// The assumed duration of a test if none is known.
const UNKNOWN: Duration = Duration::from_secs(1);

/// How long each test took the last time, from grant to release.
#[derive(Debug, Default)]
pub struct Durations {
    /// By path and file: two packages may have crates of one name.
    by_test: HashMap<(String, String), Duration>,
    typical: Option<Duration>,
}

impl Durations {
    /// From the journals of the tests' pools. A journal that cannot be read is ignored:
    /// only the order of tests depends on it.
    pub fn recorded(tests: &[Annotated]) -> Self {
        let requests = tests.iter().flat_map(|test| &test.requests);
        let dirs: BTreeSet<_> = requests
            .filter_map(|request| request.dir.as_ref())
            .collect();
        let mut durations = Self::default();
        for dir in dirs {
            let _ = durations.read(Path::new(dir));
        }
        let mut all: Vec<_> = durations.by_test.values().copied().collect();
        all.sort();
        durations.typical = all.get(all.len() / 2).copied();
        durations
    }

    fn read(&mut self, pool_dir: &Path) -> Result<(), nm_runtime::Error> {
        let mut granted = HashMap::new();
        for event in Reader::open_near_end(pool_dir, END)? {
            let event = event?;
            let key = (event.id, event.name);
            match event.kind {
                Kind::Acquired => {
                    granted.insert(key, event.time);
                }
                Kind::Released => {
                    if let Some(since) = granted.remove(&key) {
                        let took = Duration::from_micros(event.time.saturating_sub(since));
                        let test = (event.holder.test, event.holder.file);
                        self.by_test.insert(test, took);
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The duration of this test, or the typical one if it never ran.
    pub fn of(&self, test: &Annotated) -> Duration {
        // A case is recorded under its own name.
        let crate_name = test.path.split("::").next().unwrap_or_default();
        let case = (format!("{crate_name}::{}", test.test), test.file.clone());
        let known = self.by_test.get(&case);
        known.copied().unwrap_or(self.typical())
    }

    /// The duration of a test that never ran.
    pub fn typical(&self) -> Duration {
        self.typical.unwrap_or(UNKNOWN)
    }
}
