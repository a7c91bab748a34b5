//! Tests that are to panic, with a lease and without.

use name_manager::{BoxError, FromLease, Lease, shared_resource};

/// Needs a lease, and cannot be made.
#[derive(Debug)]
struct Client;

impl FromLease for Client {
    fn from_lease(lease: Lease) -> Result<Self, BoxError> {
        Err(format!("nobody answers at {lease}").into())
    }
}

#[derive(Debug)]
struct Fragile;

impl FromLease for Fragile {
    fn from_lease(lease: Lease) -> Result<Self, BoxError> {
        panic!("{lease} is in pieces")
    }
}

/// There is no such name: none of these begins.
mod without {
    use super::*;

    #[shared_resource(pool = "without", max = 1, name = "elsewhere")]
    #[test]
    #[should_panic]
    fn plain() {
        panic!();
    }

    #[shared_resource(pool = "without", max = 1, name = "elsewhere")]
    #[test]
    #[should_panic(expected = "")]
    fn any_text() -> () {
        panic!();
    }

    #[shared_resource(pool = "without", max = 1, name = "elsewhere")]
    mod below_a_module {
        #[test]
        #[cfg_attr(all(), cfg_attr(all(), should_panic))]
        fn conditional() {
            panic!();
        }
    }

    #[shared_resource(pool = "without", max = 1, name = "elsewhere")]
    #[tokio::test]
    #[should_panic]
    async fn asynchronous() {
        panic!();
    }

    #[shared_resource(pool = "without", max = 1, name = "elsewhere")]
    #[rstest::rstest]
    #[case(1)]
    #[case(2)]
    #[should_panic]
    fn each_case(#[case] _number: u8) {
        panic!();
    }

    #[shared_resource(pool = "without", max = 1, name = "elsewhere")]
    #[test_case::test_case(1)]
    #[should_panic]
    fn of_test_case(_number: u8) {
        panic!();
    }

    #[shared_resource(pool = "with", max = 1)]
    #[test]
    #[should_panic]
    fn parameter(with: Client) {
        panic!("{with:?}");
    }

    #[shared_resource(pool = "with", max = 1)]
    #[test]
    #[should_panic]
    fn fragile(with: Fragile) {
        panic!("{with:?}");
    }

    /// What is wrong with its lease is not what it expects.
    #[shared_resource(pool = "without", max = 1, name = "elsewhere")]
    #[test]
    #[should_panic(expected = "as it should")]
    fn other_text() {
        panic!("as it should");
    }
}

/// The same ones, that begin.
mod with {
    use super::*;

    #[shared_resource(pool = "with", max = 1)]
    #[test]
    #[should_panic]
    fn plain() {
        panic!();
    }

    #[shared_resource(pool = "with", max = 1)]
    mod below_a_module {
        #[test]
        #[cfg_attr(any(), should_panic)]
        fn conditional() {}
    }

    #[shared_resource(pool = "with", max = 1)]
    #[tokio::test]
    #[should_panic]
    async fn asynchronous(with: Lease) {
        panic!("{with}");
    }

    #[shared_resource(pool = "with", max = 1)]
    #[rstest::rstest]
    #[case(1)]
    #[should_panic]
    #[case(2)]
    fn one_case(#[case] number: u8, mut with: Vec<Lease>) {
        drop(with.pop());
        assert_eq!(number, 1);
    }

    #[shared_resource(pool = "with", max = 1)]
    #[test_case::test_case(1 => 2)]
    #[test_case::test_case(2 => panics)]
    fn of_test_cases(number: u8) -> u8 {
        assert_eq!(number, 1);
        number + 1
    }

    /// As a lease that is missing can be what a test is about.
    #[shared_resource(pool = "without", max = 1, name = "elsewhere")]
    #[test]
    #[should_panic(expected = "has no name `elsewhere`")]
    fn expects_no_lease() {}
}

/// None of these begins, and each takes the others with it.
mod cases_without {
    use super::*;

    #[shared_resource(pool = "without", max = 1, name = "elsewhere")]
    #[rstest::rstest]
    #[should_panic]
    #[case(1)]
    fn of_rstest(#[case] number: u8) {
        assert_eq!(number, 2);
    }

    #[shared_resource(pool = "without", max = 1, name = "elsewhere")]
    #[test_case::test_case(1 => panics ; "one")]
    fn of_test_case(number: u8) {
        assert_eq!(number, 2);
    }

    #[shared_resource(pool = "with", max = 1)]
    #[test_case::test_case(1 => panics)]
    fn parameter(number: u8, with: Client) -> u8 {
        panic!("{with:?} {number}");
    }
}
