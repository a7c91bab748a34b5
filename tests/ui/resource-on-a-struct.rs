#[name_manager::resource(pool = "db")]
#[derive(Default)]
struct Database;

fn main() {
    let _ = Database;
}
