use serial_test::serial;

#[serial(inner_attrs = ignore)]
#[test]
fn lists_users() {}
