//! Tests that meet other processes, or fail.

mod see;

use serial_test::{file_parallel, file_serial, serial};
use std::sync::atomic::AtomicUsize;

mod slow {
    use super::*;

    #[test]
    #[file_serial(Slow)]
    fn first() {
        see::until_told();
    }

    #[test]
    #[file_serial(Slow)]
    fn second() {}

    #[test]
    #[file_parallel(Slow)]
    fn reader() {
        see::until_told();
    }

    #[test]
    #[file_serial(path => "../slow.lock")]
    fn at_a_path() {
        see::until_told();
    }
}

mod in_process {
    use super::*;

    /// Two processes are in it at once.
    #[test]
    #[serial(apart)]
    fn meets_its_like() {
        see::until("serial-apart", "acquired", 2);
    }

    #[test]
    #[serial(slow)]
    fn first() {
        see::until_told();
    }

    #[test]
    #[serial(slow)]
    fn second() {
        see::until_told();
    }
}

/// Each has what the other wants.
mod opposed {
    use super::*;

    static BOTH: AtomicUsize = AtomicUsize::new(0);

    #[serial(left)]
    fn takes_left() {}

    #[serial(right)]
    fn takes_right() {}

    #[test]
    #[serial(left)]
    fn left_then_right() {
        see::meet(&BOTH, 2);
        takes_right();
    }

    #[test]
    #[serial(right)]
    fn right_then_left() {
        see::meet(&BOTH, 2);
        takes_left();
    }

    #[file_serial(east)]
    fn takes_east() {}

    #[file_serial(west)]
    fn takes_west() {}

    #[test]
    #[file_serial(east)]
    fn east_then_west() {
        see::until("file-serial-west", "acquired", 1);
        takes_west();
    }

    #[test]
    #[file_serial(west)]
    fn west_then_east() {
        see::until("file-serial-east", "acquired", 1);
        takes_east();
    }
}
