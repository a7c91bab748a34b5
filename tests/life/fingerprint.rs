//! Names kept from run to run, until their fingerprint changes.

use std::fs;

use crate::scenario::Scenario;

#[test]
fn one_changed_migration_initialises_each_name_once() {
    let scenario = Scenario::new(2);
    let migrations = scenario.path("migrations");
    fs::create_dir(&migrations).unwrap();
    let write = |file: &str, text: &str| fs::write(migrations.join(file), text).unwrap();
    write("1.sql", "create table users(id int)");
    write("2.sql", "create table orders(id int)");
    let run = || {
        let run = scenario.test(&["one", "two"], &["--test-threads=4"]);
        // Both names are used in each run: two hold one at once.
        let run = run.env("LIFE_FINGERPRINT", &migrations);
        run.env("LIFE_BODY", "a:meet b:meet").finish().success();
        scenario.over();
    };
    run();
    let calls = scenario.calls();
    let inits = calls.names("init").len();
    assert_eq!(inits, 2, "{calls}");
    calls.expect("cleanup", 0, 0);
    calls.expect("teardown", 1, 1);
    // Nothing changed.
    run();
    scenario.calls().expect("init", 2, 2);
    scenario.calls().expect("cleanup", 0, 0);
    assert!(scenario.calls().reasons().iter().all(|why| *why == "reuse"));
    // Copied and touched, but the same.
    write("2.sql", "create table orders(id int)");
    run();
    scenario.calls().expect("init", 2, 2);
    let before = scenario.calls().0.len();
    write("2.sql", "create table orders(id bigint)");
    run();
    let calls = scenario.calls();
    calls.expect("init", 4, 4);
    calls.expect("cleanup", 2, 2);
    for name in ["db-0", "db-1"] {
        let of_name = calls.0[before..]
            .iter()
            .filter(|call| call.name == name && !call.start);
        let first: Vec<_> = of_name.map(|call| &*call.what).take(3).collect();
        assert_eq!(first, ["cleanup", "init", "body"], "{calls}");
    }
    run();
    scenario.calls().expect("init", 4, 4);
    scenario.calls().expect("body", 5 * 16, 5 * 16);
}
