//! Tests of a pool whose hooks are commands of the workspace: nothing of them is in here.

use std::{env, fs, thread};

use name_manager::{Lease, shared_resource};

fn uses(db: &Lease) {
    let path = format!("{}/{db}.db", env::var("COMMANDS_DIR").unwrap());
    // As `init` or `reset` has made it.
    assert_eq!(fs::read_to_string(&path).unwrap(), "fresh\n");
    fs::write(&path, "used\n").unwrap();
    // Others get the next name meanwhile.
    thread::yield_now();
}

macro_rules! tests {
    ($($name:ident)*) => {$(
        #[shared_resource(pool = "db")]
        #[test]
        fn $name(db: Lease) {
            uses(&db);
        }
    )*};
}
tests!(z1 z2 z3 z4 z5 z6 z7 z8);

#[shared_resource(pool = "db")]
#[test]
fn fails_if_it_is_told_to(db: Lease) {
    uses(&db);
    assert!(env::var_os("COMMANDS_FAIL").is_none(), "as it was told");
}
