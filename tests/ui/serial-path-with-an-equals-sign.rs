use serial_test::file_serial;

#[file_serial(path = "db.lock")]
#[test]
fn lists_users() {}
