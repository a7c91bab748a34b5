#![deny(warnings)]

use name_manager::{Lease, shared_resource};

macro_rules! tests {
    ($($name:ident)*) => {$(
        #[shared_resource(pool = "db", max = 1)]
        #[shared_resource(pool = "mail", max = 1)]
        #[test]
        fn $name(db: Lease) {
            assert!(db.starts_with("db-"));
        }
    )*};
}

tests!(lists_users sends_mail);

macro_rules! with_attributes {
    ($(#[$attribute:meta])* $name:ident) => {
        $(#[$attribute])*
        #[test]
        fn $name() {}
    };
}

with_attributes! {
    #[shared_resource(pool = "db", max = 1)]
    #[shared_resource(pool = "mail", max = 1)]
    is_annotated_outside
}

with_attributes! {
    #[name_manager::shared_resource(pool = "db", max = 1)]
    #[name_manager::shared_resource(pool = "mail", max = 1)]
    is_annotated_by_path
}
