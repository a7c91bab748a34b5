use name_manager::Resource;

struct Database;

#[name_manager::resource(pool = "db")]
impl Resource for Database {}
