use crate::lab::{Lab, Running};

#[test]
fn list_shows_free_names_and_the_holders_of_the_others() {
    let lab = Lab::new();
    lab.run(&["run", "db", "--count", "2", "--", "true"])
        .answer();
    let mut hold = Running::new(&mut lab.cli(&["hold", "db"]));
    assert_eq!(hold.line(), "db-0");
    let list = lab.run(&["list"]).answer();
    let rows: Vec<Vec<_>> = list
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(rows[0], ["POOL", "NAME", "CREATED", "LAST", "LENT", "NOW"]);
    let now = |row: usize| rows[row][6..].join(" ");
    assert_eq!(
        now(1),
        format!("held by name-manager hold db (pid {})", hold.pid())
    );
    assert_eq!((rows[2][1], now(2).as_str()), ("db-1", "free"));
    lab.run(&["list", "web"]).fails(69, "no pool `web`");
}

#[test]
fn reset_refuses_while_names_are_lent_unless_forced() {
    let lab = Lab::new();
    lab.run(&["run", "db", "--count", "2", "--", "false"]);
    let dirty = lab.run(&["status", "--json"]).answer();
    assert_eq!(dirty.matches("\"state\":\"dirty\"").count(), 2, "{dirty}");
    let mut hold = Running::new(&mut lab.cli(&["hold", "db"]));
    assert_eq!(hold.line(), "db-0");
    lab.run(&["reset", "db"])
        .fails(75, "db-0 of pool `db` is lent; nothing was reset");
    let said = lab.run(&["reset", "db", "--force"]);
    assert_eq!((said.code, said.out.as_str()), (0, "db-1\n"));
    assert!(
        said.err.contains("skipped db-0, which is lent"),
        "{}",
        said.err
    );
    hold.end_input();
    hold.code();
    assert_eq!(lab.run(&["reset", "db"]).answer(), "db-0\ndb-1\n");
    let list = lab.run(&["list", "db"]).answer();
    assert_eq!(list.matches("never").count(), 4, "{list}");
    let fresh = lab.run(&["status", "--json"]).answer();
    assert_eq!(
        fresh.matches("\"fence\":2").count(),
        1,
        "fences go on: {fresh}"
    );
    lab.run(&["reset", "web"]).fails(69, "no pool `web`");
}
