use nm_runtime::journal::Kind;

use crate::lab::{Lab, Running, SHELLS};

#[test]
fn a_name_is_held_until_the_input_ends() {
    let lab = Lab::new();
    let mut hold = Running::new(&mut lab.cli(&["hold", "db", "--count", "2"]));
    assert_eq!(
        (hold.line(), hold.line()),
        ("db-0".to_owned(), "db-1".to_owned())
    );
    lab.assert_held("db", "db-1");
    hold.end_input();
    assert_eq!(hold.code(), 0);
    let last = lab.events("db").pop().unwrap();
    assert_eq!((last.kind, last.detail), (Kind::Released, None));
}

#[test]
fn a_signal_ends_it_in_order() {
    let lab = Lab::new();
    for signal in ["INT", "TERM", "HUP"] {
        let mut hold = Running::new(&mut lab.cli(&["hold", "db"]));
        assert_eq!(hold.line(), "db-0");
        hold.signal(signal);
        assert_eq!(hold.code(), 0, "{signal}");
    }
    assert_eq!(lab.events("db").len(), 6);
}

#[test]
fn it_does_not_outlive_its_parent() {
    for shell in SHELLS {
        let lab = Lab::new();
        // In the background its input is /dev/null, which is no input that ends.
        let mut parent = lab.start(shell, "name-manager hold db & read line; exit");
        assert_eq!(parent.line(), "db-0");
        lab.assert_held("db", "db-0");
        parent.signal("KILL");
        let last = lab.wait_until_free("db", "db-0");
        assert_eq!(last.kind, Kind::Released, "{shell}");
        assert_eq!(
            last.detail.as_deref(),
            Some("the parent process of `hold` ended")
        );
    }
}

#[test]
fn an_input_that_cannot_end_is_told_of() {
    let lab = Lab::new();
    let said = |script: &str| {
        let mut shell = lab.start("sh", script);
        let first = shell.line();
        shell.end_input();
        shell.signal("KILL");
        first
    };
    let told = said("name-manager hold db </dev/null 2>&1; :");
    assert!(
        told.contains("so `hold` ends with `sh -c name-manager hold db </dev/null 2>&1; :` (pid "),
        "{told}"
    );
    lab.wait_until_free("db", "db-0");
    let kept = said("name-manager hold db --name db-0 2>&1 & read line");
    assert_eq!(kept, "db-0");
    lab.wait_until_free("db", "db-0");
    let help = lab.run(&["hold", "--help"]).answer();
    assert!(help.contains("`/dev/null` is no input that ends"), "{help}");
}

#[test]
fn try_hold_tells_what_is_in_use_from_what_is_not_there() {
    let lab = Lab::new();
    let mut hold = Running::new(&mut lab.cli(&["hold", "db"]));
    assert_eq!(hold.line(), "db-0");
    let try_hold = |name: &str| lab.run(&["try-hold", "db", "--name", name]);
    try_hold("db-0").fails(75, "`db-0` of pool `db` is in use");
    try_hold("web-0").fails(69, "has no name `web-0`");
    let mut other = Running::new(&mut lab.cli(&["try-hold", "db"]));
    assert_eq!(other.line(), "db-1");
}

#[test]
fn readers_share_a_held_name() {
    let lab = Lab::new();
    let shared = ["hold", "db", "--shared", "--name", "db-0"];
    let mut readers = [(); 2].map(|()| Running::new(&mut lab.cli(&shared)));
    for reader in &mut readers {
        assert_eq!(reader.line(), "db-0");
    }
    lab.assert_held("db", "db-0");
}
