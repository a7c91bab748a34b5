#![deny(warnings)]

use name_manager::shared_resource;

#[shared_resource(pool = "db")]
mod tests {
    #[allow(dead_code)]
    pub fn helper() {}

    #[cfg(any())]
    #[test]
    fn configured_out() {}
}

#[shared_resource(pool = "db")]
mod outer {
    use name_manager::shared_resource;

    #[test]
    fn lists_users() {}

    #[shared_resource(pool = "mail")]
    mod empty {}
}
