use name_manager::shared_resource;

#[shared_resource(pool = "db")]
mod other;
