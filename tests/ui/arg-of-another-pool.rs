use name_manager::{Lease, shared_resource};

#[shared_resource(pool = "db", arg = store)]
#[shared_resource(pool = "mail", arg = store)]
#[test]
fn lists_users(store: Lease) {
    assert!(!store.is_empty());
}
