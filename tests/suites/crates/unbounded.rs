//! Unbounded pools, with and without a use.

use name_manager::shared_resource;

mod forgotten {
    use super::*;

    #[shared_resource(pool = "global")]
    #[test]
    fn one() {}

    #[shared_resource(pool = "global")]
    #[test]
    fn other() {}
}

mod readers {
    use super::*;

    #[shared_resource(pool = "read-only", access = "shared")]
    mod module {
        #[test]
        fn one() {}
    }
}

mod of_use {
    use super::*;
    use name_manager::{Allocator, Asked, Assigned, Assignment, BoxError, Lease, Resource};

    #[shared_resource(pool = "taken")]
    mod module {
        use name_manager::Lease;

        #[test]
        fn needs_none() {}

        #[test]
        fn takes(_taken: Lease) {}
    }

    #[shared_resource(pool = "several", count = 2)]
    #[test]
    fn several() {}

    #[shared_resource(pool = "one", name = "one-0")]
    #[test]
    fn one() {}

    #[shared_resource(pool = "elsewhere")]
    #[test]
    fn limited_elsewhere() {}

    #[shared_resource(pool = "elsewhere", max = 1)]
    #[test]
    fn limits(_elsewhere: Lease) {}

    #[derive(Default)]
    struct Life;

    #[name_manager::resource(pool = "made")]
    impl Resource for Life {}

    #[shared_resource(pool = "made")]
    #[test]
    fn made() {}

    #[derive(Default)]
    struct Decider;

    #[name_manager::resource(pool = "decided")]
    impl Allocator for Decider {
        type State = ();

        fn load(&self, _: &str) -> Result<(), BoxError> {
            Ok(())
        }

        fn save(&self, (): &()) -> String {
            String::new()
        }

        fn assign(&self, (): &mut (), _: &Asked<'_>) -> Assignment {
            Assigned::name("only").into()
        }

        fn release(&self, (): &mut (), _: &str) {}
    }

    #[shared_resource(pool = "decided")]
    #[test]
    fn decided() {}

    #[shared_resource(pool = "described")]
    #[test]
    fn described() {}
}
