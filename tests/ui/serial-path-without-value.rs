use serial_test::file_parallel;

#[file_parallel(path)]
#[test]
fn lists_users() {}
