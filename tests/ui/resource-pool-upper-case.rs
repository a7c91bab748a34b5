use name_manager::Resource;

#[derive(Default)]
struct Database;

#[name_manager::resource(pool = "Data Base")]
impl Resource for Database {}
