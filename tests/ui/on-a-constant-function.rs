use name_manager::shared_resource;

#[shared_resource(pool = "db")]
const fn port() -> u16 {
    80
}
