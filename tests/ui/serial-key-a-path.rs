use serial_test::serial;

#[serial(db::users)]
#[test]
fn lists_users() {}
