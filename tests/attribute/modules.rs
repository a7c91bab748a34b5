use crate::{is_annotated, pools, requests};
use name_manager::shared_resource;

#[shared_resource(pool = "modules", max = 2, arg = store)]
#[shared_resource(pool = "modules-two", max = 8)]
mod annotated {
    #![allow(clippy::needless_pass_by_value)]

    use name_manager::{Lease, shared_resource};
    use proptest::{prop_assert, proptest};

    const EMPTY: [u8; 0] = {
        struct None;
        let _ = None {};
        []
    };

    #[test]
    fn plain() {
        assert!(helper().is_empty());
    }

    fn helper() -> &'static [u8] {
        &EMPTY
    }

    #[test]
    fn by_arg(store: Lease) {
        assert!(store.starts_with("modules-"));
    }

    #[test]
    fn by_pool(modules: Lease, modules_two: Lease) {
        assert!(modules.starts_with("modules-"));
        assert!(modules_two.starts_with("modules-two-"));
    }

    #[shared_resource(pool = "modules", max = 2, access = "shared")]
    #[test]
    fn own(modules: Lease) {
        assert!(modules.starts_with("modules-"));
    }

    #[tokio::test]
    async fn asynchronous(store: Lease) {
        assert!(store.starts_with("modules-"));
    }

    #[rstest::rstest]
    #[case(1)]
    fn cases(#[case] one: u32, store: Lease) {
        assert_eq!(one, 1);
        assert!(store.starts_with("modules-"));
    }

    mod nested {
        use name_manager::Lease;

        mod deeper {
            #[test]
            fn deep() {}
        }

        #[test]
        fn middle(modules: Lease) {
            assert!(modules.starts_with("modules-"));
        }
    }

    #[shared_resource(pool = "modules", max = 2, count = 2)]
    #[shared_resource(pool = "modules-three", max = 3)]
    mod annotated_too {
        use name_manager::Lease;

        #[test]
        fn both(modules: Vec<Lease>) {
            assert_eq!(modules.len(), 2);
        }
    }

    proptest! {
        #![proptest_config(proptest::test_runner::Config::with_cases(3))]

        #[test]
        fn property(x in 0..9_u8) {
            prop_assert!(x < 9);
        }

        #[shared_resource(pool = "modules-two", access = "shared")]
        #[test]
        fn own_property(x in 0..9_u8) {
            prop_assert!(x < 9);
        }
    }

    #[cfg_attr(test, shared_resource(pool = "modules-conditional", max = 1))]
    #[test]
    fn conditional(store: Lease) {
        assert!(store.starts_with("modules-"));
    }
}

#[test]
fn every_test_of_an_annotated_module_is_annotated() {
    for test in [
        "plain",
        "by_arg",
        "by_pool",
        "asynchronous",
        "cases",
        "nested::middle",
        "nested::deeper::deep",
        "property",
    ] {
        assert_eq!(
            pools(&format!("modules::annotated::{test}")),
            ["modules", "modules-two"],
            "{test}"
        );
    }
    assert!(!is_annotated("modules::annotated::helper"));
}

#[test]
fn a_tests_own_request_wins_over_its_modules() {
    let own = requests("modules::annotated::own");
    assert_eq!(pools("modules::annotated::own"), ["modules-two", "modules"]);
    assert!(own[1].shared);

    let own = requests("modules::annotated::own_property");
    assert_eq!(
        pools("modules::annotated::own_property"),
        ["modules", "modules-two"]
    );
    assert!(own[1].shared);
}

#[test]
fn an_inner_modules_request_wins_over_the_outer_ones() {
    let both = "modules::annotated::annotated_too::both";
    assert_eq!(pools(both), ["modules-two", "modules", "modules-three"]);
    assert_eq!(
        requests(both)[1].amount,
        name_manager::__private0::Amount::Count(2)
    );
}

#[test]
fn conditional_requests_add_to_the_modules() {
    let mut pools = pools("modules::annotated::conditional");
    pools.sort();
    assert_eq!(pools, ["modules", "modules-conditional", "modules-two"]);
}

#[test]
fn an_inherited_request_has_the_line_of_the_modules_attribute() {
    for test in ["plain", "nested::middle", "property"] {
        let lines = requests(&format!("modules::annotated::{test}"));
        let lines: Vec<_> = lines.iter().map(|request| request.line).collect();
        assert_eq!(lines, [4, 5], "{test}");
    }
}
