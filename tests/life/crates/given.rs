use name_manager::{Lease, shared_resource};

#[shared_resource(pool = "db", name = "db-1")]
#[test]
fn second(db: Lease) {
    app::body(&db, "second");
}
