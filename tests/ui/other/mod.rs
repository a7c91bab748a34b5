#[test]
fn lists_users() {}
