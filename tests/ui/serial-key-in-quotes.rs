use serial_test::serial;

#[serial("db")]
#[test]
fn lists_users() {}
