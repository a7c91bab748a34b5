//! A pool whose hooks are commands of the workspace, and a `Resource` for it.

use name_manager::{Lease, Resource, shared_resource};

#[derive(Default)]
struct Database;

#[name_manager::resource(pool = "db")]
impl Resource for Database {}

#[shared_resource(pool = "db")]
#[test]
fn is_refused(_db: Lease) {}
