use name_manager::{Lease, shared_resource};

macro_rules! tests {
    ($($test:ident)*) => {$(
        #[shared_resource(pool = "db", access = "shared")]
        #[test]
        fn $test(db: Lease) {
            app::read(&db, stringify!($test));
        }
    )*};
}

tests!(a b c d);

#[test]
fn idle() {
    app::idle();
}
