//! A process that is forked, and goes on in the child.

use crate::failing_calls::end_reapers;
use crate::support::kernel;
use crate::support::pool_test::PoolTest;

#[test]
fn a_forked_child_that_asks_does_not_end_the_run_of_its_parent() {
    let mut test = PoolTest::new("db", 1);
    test.also("made", 2).holds("parent", "made");
    let alive = test.state_dir().join("pools/made/runs/run-1.alive");
    let inode = kernel::inode(&alive).expect("a run that is alive");
    let pid = test.pid("parent");
    let is_alive = || {
        let locks = kernel::locks();
        locks
            .iter()
            .any(|lock| (lock.pid, lock.inode) == (pid, inode))
    };
    assert!(is_alive());
    test.expect("parent", "fork-and-ask made", "asked in the child");
    assert!(is_alive());
    end_reapers(&test);
}
