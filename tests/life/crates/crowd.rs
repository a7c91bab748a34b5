use name_manager::{Lease, shared_resource};

macro_rules! tests {
    ($($test:ident)*) => {$(
        #[shared_resource(pool = "db")]
        #[test]
        fn $test(db: Lease) {
            app::body(&db, stringify!($test));
        }
    )*};
}

tests!(a b c d e f g h);

#[test]
fn idle() {
    app::idle();
}
