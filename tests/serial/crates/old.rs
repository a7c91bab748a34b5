//! As it was written years ago.

#[macro_use]
extern crate serial_test;

#[test]
#[serial]
fn one() {
    assert!(serial_test::is_locked_serially(None));
}

#[test]
#[file_serial(key, path => "/tmp/name-manager-suites-old.lock")]
fn two() {}
