use name_manager::shared_resource;

#[shared_resource(pool = "db", max = 2)]
mod tests {
    use name_manager::Lease;

    #[test]
    fn lists_users(db: Lease) {
        assert!(db.starts_with("db-"));
    }

    #[test]
    fn sends_mail(db: Lease, mail: Lease) {
        assert!(*db != *mail);
    }
}
