use name_manager::shared_resource;

#[shared_resource(pool = "db")]
#[shared_resource(pool = "db")]
mod tests {
    #[test]
    fn lists_users() {}
}
