use name_manager::shared_resource;

#[shared_resource(pool = "db")]
mod tests {
    #[shared_resource(pool = "mail")]
    #[test]
    fn lists_users() {}
}
