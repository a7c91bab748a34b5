use name_manager::shared_resource;

#[shared_resource(pool = "db")]
mod tests {
    pub fn helper() {}
}
