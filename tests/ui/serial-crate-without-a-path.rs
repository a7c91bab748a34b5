use serial_test::parallel;

#[parallel(crate)]
#[test]
fn lists_users() {}
