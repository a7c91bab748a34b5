//! The attribute beside those that give a test a time: the ones below it count the
//! wait for the lease, the ones above it do not.

use name_manager::{Lease, Pool, shared_resource};
use std::panic;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// What a test says that asks for a name while somebody keeps it.
fn says(test: fn(), pool: &'static str) -> String {
    let (held, is_held) = mpsc::channel();
    let (done, is_done) = mpsc::channel::<()>();
    let holder = thread::spawn(move || {
        let lease = Pool::open(pool).unwrap().acquire().unwrap();
        held.send(()).unwrap();
        is_done.recv().unwrap_err();
        drop(lease);
    });
    is_held.recv().unwrap();
    let panic = panic::catch_unwind(test).unwrap_err();
    drop(done);
    holder.join().unwrap();
    match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(panic) => (*panic.downcast::<&str>().unwrap()).to_owned(),
    }
}

#[shared_resource(pool = "ntest-below", max = 1)]
#[test]
#[ntest::timeout(60_000)]
fn with_a_parameter(ntest_below: Lease) {
    assert_eq!(ntest_below.name(), "ntest-below-0");
}

#[shared_resource(pool = "ntest-below", max = 1)]
#[test]
#[ntest::timeout(20)]
#[ignore = "called below"]
fn ntest_below() {}

#[ntest::timeout(20)]
#[shared_resource(pool = "ntest-above", max = 1, wait_timeout = "200ms")]
#[test]
#[ignore = "called below"]
fn ntest_above() {}

#[ntest::timeout(20)]
#[test]
#[shared_resource(pool = "ntest-above", max = 1, wait_timeout = "200ms")]
#[ignore = "called below"]
fn ntest_above_test() {}

#[shared_resource(pool = "rstest-below", max = 1)]
#[rstest::rstest]
#[timeout(Duration::from_millis(20))]
#[ignore = "called below"]
fn rstest_below(rstest_below: Lease) {
    drop(rstest_below);
}

#[rstest::rstest]
#[timeout(Duration::from_millis(20))]
#[shared_resource(pool = "rstest-above", max = 1, wait_timeout = "200ms")]
#[ignore = "called below"]
fn rstest_above() {}

#[test]
fn a_timeout_below_the_attribute_counts_the_wait() {
    let said = says(ntest_below, "ntest-below");
    assert!(said.contains("20"), "{said}");
    assert!(!said.contains("waiting for a name"), "{said}");
    let said = says(rstest_below, "rstest-below");
    assert!(said.contains("Timeout"), "{said}");
}

#[test]
fn a_timeout_above_the_attribute_does_not_count_the_wait() {
    for (test, pool) in [
        (ntest_above as fn(), "ntest-above"),
        (ntest_above_test, "ntest-above"),
        (rstest_above, "rstest-above"),
    ] {
        let said = says(test, pool);
        assert!(said.contains("waiting for a name"), "{pool}: {said}");
    }
}
