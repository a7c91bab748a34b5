use name_manager::Resource;

#[derive(Default)]
struct Database;

#[name_manager::resource(pool = "Data Base", size = 2, with)]
impl Resource for Database {}
