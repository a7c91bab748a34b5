#![forbid(unsafe_code)]
#![deny(warnings)]

use serial_test::{file_parallel, file_serial, parallel, serial};

#[test]
#[serial]
fn alone() {}

#[parallel(db, cache,)]
#[test]
fn beside_others() -> Result<(), std::fmt::Error> {
    Ok(())
}

#[file_serial(db, path => "db.lock", inner_attrs = [allow(unused_variables)])]
#[test]
#[should_panic]
fn fails() {
    let users = 3;
    panic!("on purpose")
}

#[serial]
mod tests {
    use super::file_parallel;

    mod core {}
    mod std {}

    #[file_parallel(crate = ::serial_test)]
    #[test]
    fn beside_modules_of_these_names() {}
}

/// The bindings of the expansion are none of the body's.
#[test]
#[serial(crate = serial_test)]
fn sees_no_guard() {
    let __keys = 1;
    assert_eq!(__keys, 1);
}
