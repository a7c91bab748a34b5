use serial_test::file_serial;

#[file_serial(db, cache, path => "db.lock")]
#[test]
fn lists_users() {}
