//! Gives targets the inputs that are kept in `fuzz/corpus`; for the tests of each
//! package.

use std::fs;
use std::panic::catch_unwind;
use std::path::Path;
use std::thread;

use super::Target;

/// As much as the main thread of a fuzzing program has, and more: syn recurses.
const STACK: usize = 64 << 20;

pub fn all(targets: &'static [Target]) {
    let thread = thread::Builder::new().stack_size(STACK);
    let replay = thread.spawn(|| targets.iter().for_each(one)).unwrap();
    assert!(replay.join().is_ok(), "see above");
}

fn one((target, run): &Target) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus");
    let dir = corpus.join(target);
    let entries = fs::read_dir(&dir).unwrap_or_else(|error| panic!("{dir:?}: {error}"));
    let mut inputs = 0;
    for entry in entries {
        let path = entry.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        // The panic has been printed; this says by what it came.
        assert!(catch_unwind(|| run(&bytes)).is_ok(), "{}", path.display());
        inputs += 1;
    }
    assert!(inputs > 0, "{dir:?} is empty");
}
