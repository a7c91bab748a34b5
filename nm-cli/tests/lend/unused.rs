//! Pools that nobody has used yet, and names that nobody has made.

use std::fs;

use crate::lab::{Lab, Running, Said};

fn configured(pool: &str, table: &str) -> Lab {
    let lab = Lab::new();
    let text = format!("[workspace]\n[workspace.metadata.name-manager.pools.{pool}]\n{table}\n");
    fs::write(lab.path().join("Cargo.toml"), text).unwrap();
    lab
}

#[test]
fn a_pool_that_is_configured_is_known_before_anybody_uses_it() {
    let lab = configured("db", "max = 2");
    let status = lab.run(&["status"]).answer();
    assert!(status.contains("db: 0 of 2 names held"), "{status}");
    assert_eq!(status, lab.run(&["status", "db"]).answer());
    for part in ["db-0  unused", "db-1  unused"] {
        assert!(status.contains(part), "{status}");
    }
    let list = lab.run(&["list", "db"]).answer();
    assert_eq!(list.matches("never").count(), 4, "{list}");
    let said = lab.run(&["release", "db", "db-1"]);
    assert_eq!(
        (said.code, said.err.as_str()),
        (0, "name-manager: `db-1` is not lent\n")
    );
    lab.run(&["release", "db", "db-2"])
        .fails(69, "pool `db` has no name `db-2`");
    lab.run(&["keep-alive", "db", "db-0"])
        .fails(69, "no lease of `db-0` to extend");
    let log = lab.run(&["log", "--pool", "db"]);
    assert_eq!((log.code, log.out.as_str()), (0, ""), "{log:?}");
    lab.run(&["stats", "db"]).answer();
    lab.run(&["status", "dbb"]).fails(69, "no pool `dbb`");
    // To look is not to use.
    assert!(!lab.state().exists());
    assert_eq!(lab.run(&["reset", "db"]).answer(), "");
}

#[test]
fn a_pool_that_a_variable_configures_is_known_too() {
    let lab = Lab::new();
    let run = |args: &[&str]| {
        let mut command = lab.cli(args);
        command.env("NAME_MANAGER_POOL_DB_MAIN_NAMES", "left,right");
        Said::of(command.output().unwrap())
    };
    assert!(
        run(&["status", "db-main"])
            .answer()
            .contains("0 of 2 names held")
    );
    assert_eq!(run(&["release", "db-main", "left"]).code, 0);
    run(&["release", "db-main", "middle"]).fails(69, "has no name `middle`");
    run(&["release", "db", "left"]).fails(69, "no pool `db`");
}

#[test]
fn a_name_that_an_unbounded_pool_never_made_is_unknown() {
    let lab = Lab::new();
    for command in ["try-acquire", "acquire", "try-hold", "hold", "run"] {
        let mut args = vec![command, "db", "--name", "db-7"];
        if command == "run" {
            args.extend(["--", "true"]);
        }
        lab.run(&args)
            .fails(69, "pool `db` has no name `db-7` yet: it is unbounded");
    }
    lab.run(&["run", "db", "--count", "8", "--", "true"])
        .answer();
    lab.run(&["run", "db", "--name", "db-7", "--", "true"])
        .answer();
    lab.run(&["release", "db", "db-9"])
        .fails(69, "pool `db` has no name `db-9` yet");
    lab.run(&["try-hold", "db", "--name", "../../db-0"])
        .fails(69, "has no name `../../db-0`");
    // One that is configured need not have been made.
    let lab = configured("db", "max = 2");
    lab.run(&["run", "db", "--name", "db-1", "--", "true"])
        .answer();
}

#[test]
fn a_command_keeps_to_the_size_that_an_attribute_said() {
    let lab = Lab::new();
    lab.run(&["run", "db", "--", "true"]).answer();
    let sizes = lab.state().join("pools/db/sizes.jsonl");
    let declared = r#"{"v":1,"run":"one","place":"tests/one.rs:3","max":1,"names":null}"#;
    fs::write(sizes, format!("{declared}\n")).unwrap();
    let mut hold = Running::new(&mut lab.cli(&["hold", "db"]));
    assert_eq!(hold.line(), "db-0");
    lab.run(&["try-hold", "db"]).fails(75, "in use");
    lab.run(&["try-acquire", "db", "--name", "db-1"])
        .fails(69, "has no name `db-1`");
    lab.run(&["run", "db", "--count", "2", "--", "true"])
        .fails(2, "it has 1");
}
