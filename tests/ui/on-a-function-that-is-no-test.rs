use name_manager::{Lease, shared_resource};

#[shared_resource(pool = "db")]
fn connect(db: Lease) -> Lease {
    db
}
