#![deny(warnings)]

use name_manager::{Lease, shared_resource};

#[test]
#[shared_resource(pool = "db", max = 1)]
fn lists_users() {}

#[test]
#[should_panic]
#[shared_resource(pool = "db", max = 1)]
#[shared_resource(pool = "mail", max = 1)]
fn sends_mail() {
    panic!();
}

#[tokio::test]
#[shared_resource(pool = "db", max = 1)]
async fn lists_later() {
    tokio::task::yield_now().await;
}

#[rstest::rstest]
#[case(1)]
#[shared_resource(pool = "db", max = 1)]
#[shared_resource(pool = "mail", max = 1)]
fn cases(#[case] page: u32) {
    assert_eq!(page, 1);
}

#[shared_resource(pool = "db", max = 1)]
#[shared_resource(pool = "mail", max = 1)]
fn helper<'a>(mails: &'a [Lease], page: &'a u32) -> &'a u32 {
    assert_eq!(mails.len(), 0);
    page
}

#[test]
fn helps() {
    assert_eq!(helper(&[], &1), &1);
}
