use name_manager::shared_resource;

#[shared_resource(pool = "db", max = 0)]
mod tests {
    use name_manager::{Lease, shared_resource};

    #[test]
    fn lists_users(db: Lease) {
        assert!(db.starts_with("db-"));
    }

    #[shared_resource(pool = "mail")]
    #[test]
    fn sends_mail(db: Lease, mail: Lease) {
        assert!(*db != *mail);
    }

    macro_rules! proptest {
        ($($test:item)*) => {
            $($test)*
        };
    }

    proptest! {
        #[test]
        fn sums() {}
    }

    mod nested {
        #[test]
        fn counts() {}
    }
}
