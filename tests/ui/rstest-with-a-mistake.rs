use name_manager::{Lease, shared_resource};
use rstest::rstest;

#[shared_resource(pool = "", max = 2)]
#[rstest]
#[case(1)]
fn lists_users(#[case] page: u32, db: Lease) {
    assert!(page > 0 && db.starts_with("db-"));
}
