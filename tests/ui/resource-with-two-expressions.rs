use name_manager::Resource;

#[derive(Default)]
struct Database;

#[name_manager::resource(pool = "db", with = Database; Database)]
impl Resource for Database {}
