use name_manager::Resource;

#[derive(Default)]
struct Database;

#[name_manager::resource]
impl Resource for Database {}
