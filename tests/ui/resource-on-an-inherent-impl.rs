#[derive(Default)]
struct Database;

#[name_manager::resource(pool = "db")]
impl Database {}
