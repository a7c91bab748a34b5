//! More than a process can have open.

use crate::support::pool_test::{PoolTest, error};

#[test]
fn more_names_than_descriptors_are_refused_with_what_to_do_and_none_is_kept() {
    let mut test = PoolTest::new("db", 1000);
    test.start_with_few_descriptors("few");
    let message = error(&test.tell("few", "acquire db all"), "io");
    assert!(message.contains("ulimit -n"), "{message}");
    assert_eq!(test.holds("other", "db all").len(), 1000);
}
