use name_manager::Resource;

#[derive(Default)]
struct Database;

#[name_manager::resource(pool = "db", pool = "web")]
impl Resource for Database {}
