//! Tests that share pools of every kind.

mod meet;

/// More tests than names.
mod two_names {
    use name_manager::{Lease, shared_resource};

    macro_rules! tests {
        ($($test:ident)*) => {$(
            #[shared_resource(pool = "db", max = 2)]
            #[test]
            fn $test(db: Lease) {
                assert!(["db-0", "db-1"].contains(&db.name()));
                crate::meet::until_others_wait("db", 2);
            }
        )*};
    }

    tests!(t01 t02 t03 t04 t05 t06 t07 t08 t09 t10 t11 t12);
}

/// As many names as are needed.
mod ever_more {
    use name_manager::{Lease, shared_resource};

    macro_rules! tests {
        ($($test:ident)*) => {$(
            #[shared_resource(pool = "port")]
            #[test]
            fn $test(port: Lease) {
                assert_eq!(port.name(), format!("port-{}", port.index()));
                if std::env::var_os("SUITE_ALL_AT_ONCE").is_some() {
                    crate::meet::until("port", "acquired", 8);
                }
            }
        )*};
    }

    tests!(t1 t2 t3 t4 t5 t6 t7 t8);
}

mod listed {
    use name_manager::{Lease, shared_resource};

    #[shared_resource(pool = "colour", names = ["red", "green"])]
    #[test]
    fn first(colour: Lease) {
        assert_eq!(colour.index(), ["red", "green"].iter().position(|name| *name == colour.name()).unwrap());
    }

    #[shared_resource(pool = "colour", names = ["red", "green"])]
    #[test]
    fn held_without_a_parameter() {
        assert!(crate::meet::holds("colour", "held_without_a_parameter"));
    }

    #[shared_resource(pool = "colour", names = ["red", "green"], name = "green")]
    #[test]
    fn that_one(colour: Lease) {
        assert_eq!(colour.name(), "green");
    }

    #[shared_resource(pool = "colour", names = ["red", "green"], arg = paint)]
    #[test]
    fn under_another_name(paint: Lease) {
        assert_eq!(paint.pool(), "colour");
    }
}

/// Readers that can end only when all of them hold the one name.
mod shared {
    use name_manager::{Lease, shared_resource};

    macro_rules! tests {
        ($($test:ident)*) => {$(
            #[shared_resource(pool = "catalogue", max = 1, access = "shared")]
            #[test]
            fn $test(catalogue: Lease) {
                assert_eq!(catalogue.name(), "catalogue-0");
                crate::meet::until("catalogue", "acquired", 3);
            }
        )*};
    }

    tests!(t1 t2 t3);
}

mod mixed {
    use name_manager::shared_resource;

    macro_rules! tests {
        ($access:literal: $($test:ident)*) => {$(
            #[shared_resource(pool = "ledger", max = 2, access = $access)]
            #[test]
            fn $test() {}
        )*};
    }

    tests!("shared": a1 b1 c1 d1 e1 f1);
    tests!("exclusive": a2 b2 c2 d2 e2 f2);
}

mod several {
    use name_manager::{Lease, shared_resource};

    macro_rules! tests {
        ($($one:ident $two:ident $all:ident)*) => {$(
            #[shared_resource(pool = "node", max = 3)]
            #[test]
            fn $one(node: Lease) {
                assert!(node.index() < 3);
            }

            #[shared_resource(pool = "node", max = 3, count = 2)]
            #[test]
            fn $two(node: Vec<Lease>) {
                assert_eq!(node.len(), 2);
                assert_ne!(node[0].name(), node[1].name());
            }

            #[shared_resource(pool = "node", max = 3, all)]
            #[test]
            fn $all(node: Vec<Lease>) {
                let names: Vec<_> = node.iter().map(|node| node.name()).collect();
                assert_eq!(names, ["node-0", "node-1", "node-2"]);
            }
        )*};
    }

    tests!(one1 two1 all1  one2 two2 all2  one3 two3 all3);
}

/// Two pools with one name each, asked for in both orders.
mod opposing {
    use name_manager::{Lease, shared_resource};

    macro_rules! tests {
        ($($forth:ident $back:ident)*) => {$(
            #[shared_resource(pool = "left", max = 1)]
            #[shared_resource(pool = "right", max = 1)]
            #[test]
            fn $forth(left: Lease, right: Lease) {
                crate::opposing::body(left, right, stringify!($forth));
            }

            #[shared_resource(pool = "right", max = 1)]
            #[shared_resource(pool = "left", max = 1)]
            #[test]
            fn $back(left: Lease, right: Lease) {
                crate::opposing::body(left, right, stringify!($back));
            }
        )*};
    }

    tests!(forth1 back1 forth2 back2 forth3 back3);

    fn body(left: Lease, right: Lease, test: &str) {
        assert_eq!((left.name(), right.name()), ("left-0", "right-0"));
        assert!(crate::meet::holds("left", test));
        assert!(crate::meet::holds("right", test));
        crate::meet::until_others_wait("left", 1);
    }
}

/// The attribute on the module alone.
#[name_manager::shared_resource(pool = "desk", max = 1)]
mod annotated {
    use name_manager::Lease;

    #[test]
    fn with_a_parameter(desk: Lease) {
        assert_eq!(desk.name(), "desk-0");
    }

    #[test]
    fn without_one() {
        assert!(crate::meet::holds("desk", "without_one"));
    }

    mod nested {
        #[test]
        fn deeper() {
            assert!(crate::meet::holds("desk", "deeper"));
        }
    }

    #[allow(dead_code)]
    fn no_test() {}
}

/// A parameter of the user's own type.
mod client {
    use name_manager::{BoxError, FromLease, Lease, shared_resource};

    struct Client {
        url: String,
        _lease: Lease,
    }

    impl FromLease for Client {
        fn from_lease(lease: Lease) -> Result<Self, BoxError> {
            Ok(Self { url: format!("smtp://localhost/{lease}"), _lease: lease })
        }
    }

    #[shared_resource(pool = "smtp", max = 1)]
    #[test]
    fn connected(smtp: Client) {
        assert_eq!(smtp.url, "smtp://localhost/smtp-0");
        assert!(crate::meet::holds("smtp", "connected"));
        drop(smtp);
        assert!(!crate::meet::holds("smtp", "connected"));
    }
}
