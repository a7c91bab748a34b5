use name_manager::shared_resource as serial;

#[serial(pool = "db", max = 1)]
mod tests {
    use super::serial;

    #[serial(pool = "mail", max = 1)]
    #[test]
    fn sends_mail() {}
}
