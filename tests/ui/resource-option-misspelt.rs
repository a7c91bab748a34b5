use name_manager::Resource;

#[derive(Default)]
struct Database;

#[name_manager::resource(pol = "db")]
impl Resource for Database {}
