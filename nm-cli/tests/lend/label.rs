//! For what a name is lent, and which run it belongs to.

use crate::lab::{Lab, Running};

#[test]
fn a_label_takes_the_place_of_the_command() {
    let lab = Lab::new();
    let label = "tests/test_shop.py::test_users[é] (setup)";
    let mut hold = Running::new(&mut lab.cli(&["hold", "db", "--for", label]));
    assert_eq!(hold.line(), "db-0");
    lab.run(&["acquire", "db", "--until-release", "--for", label])
        .answer();
    lab.run(&["run", "db", "--for", label, "--", "true"])
        .answer();
    let holders = lab.events("db").into_iter().map(|event| event.holder.test);
    let holders: Vec<_> = holders.collect();
    assert_eq!(holders, [label; 4]);
    for view in ["status", "list", "log"] {
        let said = lab.run(&[view]).answer();
        assert!(said.contains(label), "{said}");
    }
    let mut other = lab.start("sh", "name-manager hold db --name db-0 --timeout 10ms 2>&1");
    let said = other.line();
    assert!(said.contains(&format!("db-0 held by `{label}`")), "{said}");
    lab.shell("sh", "name-manager release --force db db-1")
        .answer();
}

#[test]
fn a_label_is_one_line_and_an_empty_one_is_none() {
    let lab = Lab::new();
    for (label, shown) in [("a\nb\u{1b}[2J", "a b [2J"), ("", "true"), (" \n", "true")] {
        lab.run(&["run", "db", "--for", label, "--", "true"])
            .answer();
        let last = lab.events("db").pop().unwrap();
        assert_eq!(last.holder.test, shown, "{label:?}");
    }
}

#[test]
fn what_one_caller_holds_is_one_run() {
    let lab = Lab::new();
    let script = "for at in 1 2 3; do true | name-manager hold db; done";
    assert_eq!(lab.shell("sh", script).answer(), "db-0\n".repeat(3));
    let runs = |lab: &Lab| {
        let mut runs: Vec<_> = lab
            .events("db")
            .into_iter()
            .map(|event| event.holder.run)
            .collect();
        runs.dedup();
        runs
    };
    assert_eq!(runs(&lab).len(), 1, "{:?}", runs(&lab));
    // Of several callers, if one of them began it.
    let lab = Lab::new();
    let workers = "for worker in 1 2 3; do sh -c 'true | name-manager hold db; name-manager run db -- true'; done";
    assert_eq!(
        lab.run(&["run", "--", "sh", "-c", workers]).answer(),
        "db-0\n".repeat(3)
    );
    assert_eq!(runs(&lab).len(), 1, "{:?}", runs(&lab));
}
