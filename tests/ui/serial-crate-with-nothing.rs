use serial_test::serial;

#[serial(db, crate =)]
#[test]
fn lists_users() {}
