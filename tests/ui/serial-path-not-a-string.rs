use serial_test::file_serial;

#[file_serial(path => 3)]
#[test]
fn lists_users() {}
