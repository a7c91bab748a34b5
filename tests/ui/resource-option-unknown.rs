use name_manager::Resource;

#[derive(Default)]
struct Database;

#[name_manager::resource(pool = "db", max = 2)]
impl Resource for Database {}
