//! Tests that end badly.

mod meet;

/// In this order, on one thread.
mod panics {
    use name_manager::{Lease, shared_resource};

    #[shared_resource(pool = "frail", max = 1)]
    #[test]
    fn a_panics(frail: Lease) {
        panic!("{frail} in pieces");
    }

    #[shared_resource(pool = "frail", max = 1)]
    #[test]
    fn b_goes_on(frail: Lease) {
        assert_eq!(frail.name(), "frail-0");
    }

    #[shared_resource(pool = "frail", max = 1)]
    #[test]
    #[should_panic = "as it should"]
    fn c_should_panic() {
        panic!("as it should");
    }

    #[shared_resource(pool = "frail", max = 1)]
    #[test]
    fn d_returns_an_error(frail: Lease) -> Result<(), String> {
        Err(format!("{frail} would not"))
    }

    #[shared_resource(pool = "frail", max = 1)]
    #[test]
    fn e_says_so(frail: Lease) {
        frail.mark_dirty();
    }
}

mod client {
    use name_manager::{BoxError, FromLease, Lease, shared_resource};

    struct Client;

    impl FromLease for Client {
        fn from_lease(lease: Lease) -> Result<Self, BoxError> {
            Err(format!("nobody answers at {lease}").into())
        }
    }

    #[shared_resource(pool = "mute", max = 1)]
    #[test]
    fn refused(mute: Client) {
        let Client = mute;
    }
}

/// Two that want one name; whoever has it keeps it until told.
mod waiting {
    use name_manager::shared_resource;

    #[shared_resource(pool = "slow", max = 1)]
    #[test]
    fn one() {
        crate::meet::until_told();
    }

    #[shared_resource(pool = "slow", max = 1)]
    #[test]
    fn two() {
        crate::meet::until_told();
    }
}

mod impatient {
    use name_manager::shared_resource;

    #[shared_resource(pool = "brief", max = 1, wait_timeout = "50ms")]
    #[test]
    fn one() {
        crate::meet::until_told();
    }

    #[shared_resource(pool = "brief", max = 1, wait_timeout = "50ms")]
    #[test]
    fn two() {
        crate::meet::until_told();
    }
}

/// Started one after the other by the fixture.
mod queue {
    use name_manager::shared_resource;

    macro_rules! tests {
        ($($test:ident)*) => {$(
            #[shared_resource(pool = "counter", max = 1)]
            #[test]
            fn $test() {
                crate::meet::until_told();
            }
        )*};
    }

    tests!(fourth first third second);
}
