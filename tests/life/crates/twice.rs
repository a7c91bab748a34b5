use name_manager::{Resource, shared_resource};

#[derive(Default)]
struct One;

#[name_manager::resource(pool = "twice")]
impl Resource for One {}

#[derive(Default)]
struct Two;

#[name_manager::resource(pool = "twice")]
impl Resource for Two {}

#[shared_resource(pool = "twice")]
#[test]
fn which() {}
