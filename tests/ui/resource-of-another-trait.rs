#[derive(Default)]
struct Database;

#[name_manager::resource(pool = "db")]
impl Drop for Database {
    fn drop(&mut self) {}
}
