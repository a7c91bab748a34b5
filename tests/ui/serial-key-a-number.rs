use serial_test::serial;

#[serial(db, 2)]
#[test]
fn lists_users() {}
