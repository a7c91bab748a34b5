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

#[shared_resource(pool = "db")]
mod of_db {
    macro_rules! tests {
        ($($name:ident)*) => {$(
            #[test]
            fn $name(db: name_manager::Lease) {
                super::uses(&db);
            }
        )*};
    }
    tests!(a b c d e f g h);
}

#[shared_resource(pool = "db")]
#[test]
fn fails_if_it_is_told_to(db: Lease) {
    uses(&db);
    assert!(env::var_os("COMMANDS_FAIL").is_none(), "as it was told");
}
