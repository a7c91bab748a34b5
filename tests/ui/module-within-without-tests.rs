use name_manager::shared_resource;

#[shared_resource(pool = "db")]
mod tests {
    use name_manager::shared_resource;

    #[test]
    fn lists_users() {}

    #[shared_resource(pool = "mail")]
    mod helpers {}
}
