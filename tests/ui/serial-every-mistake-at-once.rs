use serial_test::serial;

#[serial("db", cache = 2, path => 3, inner_attrs, 4)]
#[test]
fn lists_users() {}
