//! The annotated tests of built test binaries, as the binaries list them.
//!
//! May import `exit`.

mod ask;
mod build;

use std::error::Error;
use std::num::NonZero;
use std::thread;

use nm_runtime::listing::{Request, Test};

pub use ask::ask;
pub use build::{Binaries, Build, Suite};

/// An annotated test, or one case of it.
#[derive(Clone, Debug)]
pub struct Annotated {
    /// nextest's name of its binary.
    pub binary: String,
    /// Its name in the binary.
    pub test: String,
    /// As the journal knows the function: with the crate, and its file.
    pub path: String,
    pub file: String,
    pub requests: Vec<Request>,
}

/// The annotated tests of all binaries, in a stable order.
pub fn annotated(build: &Build) -> Result<Vec<Annotated>, Box<dyn Error + Send + Sync>> {
    let suites: Vec<&Suite> = build.suites().collect();
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let share = suites.len().div_ceil(threads).max(1);
    let listed = thread::scope(|scope| {
        let list = |suites: &[&Suite]| suites.iter().map(|suite| of(build, suite)).collect();
        let threads: Vec<_> = suites
            .chunks(share)
            .map(|suites| scope.spawn(move || list(suites)))
            .collect();
        let join = |thread: thread::ScopedJoinHandle<'_, Vec<_>>| thread.join().expect("it lists");
        threads.into_iter().flat_map(join).collect::<Vec<_>>()
    });
    let mut all = Vec::new();
    for tests in listed {
        all.extend(tests?);
    }
    all.sort_by(|one, other| (&one.binary, &one.test).cmp(&(&other.binary, &other.test)));
    Ok(all)
}

fn of(build: &Build, suite: &Suite) -> Result<Vec<Annotated>, Box<dyn Error + Send + Sync>> {
    let libraries = build.library_paths();
    let tests = ask(&suite.path, Some(&suite.cwd), &libraries)?;
    if suite.is_listed() || tests.is_empty() {
        return Ok(tests.iter().flat_map(|test| cases(suite, test)).collect());
    }
    let names = ask::names(&suite.path, &suite.cwd, &libraries)?;
    let suite = suite.with(names.into_iter());
    Ok(tests.iter().flat_map(|test| cases(&suite, test)).collect())
}

/// The cases of an annotated function, of which a suite has a list.
pub fn cases(suite: &Suite, test: &Test) -> Vec<Annotated> {
    let case = |name: &str| Annotated {
        binary: suite.id.clone(),
        test: name.to_owned(),
        path: test.path.clone(),
        file: test.file.clone(),
        requests: test.requests.clone(),
    };
    suite.cases(&test.test).map(case).collect()
}
