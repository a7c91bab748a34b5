use serial_test::serial;

#[serial(db = "one")]
#[test]
fn lists_users() {}
