//! The attribute where it fills no parameter.

use name_manager::{Pool, shared_resource};

/// Below what makes them tests.
mod below {
    use super::*;

    #[test]
    #[shared_resource(pool = "below", max = 1)]
    fn a_plain() {}

    #[tokio::test]
    #[shared_resource(pool = "below", max = 1)]
    async fn b_asynchronous() {
        tokio::task::yield_now().await;
    }

    #[rstest::rstest]
    #[case(1)]
    #[shared_resource(pool = "below", max = 1)]
    fn c_cases(#[case] number: u8) {
        assert_eq!(number, 1);
    }

    #[test]
    #[should_panic]
    #[shared_resource(pool = "below", max = 1)]
    fn d_should_panic() {
        panic!();
    }

    #[test]
    #[should_panic]
    #[shared_resource(pool = "below", max = 1, name = "elsewhere")]
    fn e_did_not_begin() {
        panic!();
    }
}

/// Functions that tests call.
mod called {
    use super::*;

    struct Client(u32);

    impl Client {
        #[shared_resource(pool = "inner", max = 1)]
        fn method(&self) -> &u32 {
            &self.0
        }
    }

    #[shared_resource(pool = "inner", max = 1)]
    async fn later(number: u32) -> u32 {
        number
    }

    /// Its own lease is its own, what it asks for after that of another, too.
    #[shared_resource(pool = "outer", max = 1)]
    #[test]
    fn test() {
        assert_eq!(*Client(7).method(), 7);
        Pool::open("after").unwrap().acquire().unwrap();
    }

    #[shared_resource(pool = "outer", max = 1)]
    #[tokio::test]
    async fn two_at_once() {
        let (first, second) = (later(1), later(2));
        assert_eq!(first.await + second.await, 3);
        Pool::open("after").unwrap().acquire().unwrap();
    }
}
