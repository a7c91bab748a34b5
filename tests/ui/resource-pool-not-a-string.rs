use name_manager::Resource;

#[derive(Default)]
struct Database;

#[name_manager::resource(pool = db)]
impl Resource for Database {}
