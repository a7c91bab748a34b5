use name_manager::shared_resource;

trait Connect {
    #[shared_resource(pool = "db")]
    fn connect();
}
