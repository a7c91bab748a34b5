//! Bytes that a terminal would obey, wherever people are shown what others wrote.

use std::fs;

use crate::lab::{Lab, Said};

/// Clears the screen, sets the title, turns the writing round, rings, goes back.
const NASTY: &str = "\u{1b}[2J\u{1b}]0;taken\u{7}\u{9b}31m\u{202e}\u{8}\r\n\u{0}";

#[track_caller]
fn check(said: &Said) {
    for text in [&said.out, &said.err] {
        let obeyed = text.chars().find(|c| {
            (c.is_control() && *c != '\n')
                || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        });
        assert_eq!(obeyed, None, "{said:?}");
    }
}

/// The record and the journal of a name, with strings that were replaced.
fn poison(lab: &Lab) {
    let pool = lab.state().join("pools/db");
    let nasty = serde_json::to_string(NASTY).unwrap();
    let nasty = nasty.trim_matches('"');
    for file in ["names/db-0.json", "journal.jsonl", "sizes.jsonl"] {
        let path = pool.join(file);
        let Ok(text) = fs::read_to_string(&path) else {
            continue;
        };
        let poisoned = text.replace("PLAIN", nasty);
        fs::write(path, poisoned).unwrap();
    }
}

#[test]
fn a_record_and_a_journal_written_by_hand_command_no_terminal() {
    let lab = Lab::new();
    // The command is the label of the holder, its words are the waiters'.
    let mut holder = lab.start(
        "sh",
        "exec name-manager hold db --name db-0 PLAIN 2>&1 || true",
    );
    holder.end_input();
    drop(holder);
    let mut command = lab.cli(&["run", "db", "--", "sh", "-c", "exit 1", "PLAIN"]);
    command.env("NAME_MANAGER_RUN_ID", "PLAIN");
    assert_eq!(command.output().unwrap().status.code(), Some(1));
    let mut holder = lab.cli(&[
        "run",
        "db",
        "--",
        "sh",
        "-c",
        "echo held; read line",
        "PLAIN",
    ]);
    let mut holder = crate::lab::Running::new(&mut holder);
    assert_eq!(holder.line(), "held");
    poison(&lab);
    for arguments in [
        &["status"][..],
        &["status", "db"],
        &["log"],
        &["log", "--short"],
        &["list"],
        &["list", "db"],
        &["stats"],
        &["doctor"],
        &["timeline"],
        &["release", "db", "db-0"],
        &["release", "--force", "db", "db-0"],
        &["reset", "db"],
        &["try-acquire", "db", "--name", "db-0"],
        &["acquire", "db", "--name", "db-0", "--timeout", "10ms"],
        &[
            "run",
            "db",
            "--name",
            "db-0",
            "--timeout",
            "10ms",
            "--",
            "true",
        ],
    ] {
        let mut command = lab.cli(arguments);
        command.env("NAME_MANAGER_POOL_DB_MAX", "1");
        check(&Said::of(command.output().unwrap()));
    }
    drop(holder);
    // The holder that died is told to the next, in a record and in a reason.
    let said = lab.run(&["run", "db", "--", "true"]);
    check(&said);
    check(&lab.run(&["status", "db"]));
}

#[test]
fn what_a_user_types_wrong_comes_back_harmless() {
    let lab = Lab::new();
    for arguments in [
        &["acquire", NASTY.trim_end_matches('\0')][..],
        &["acquire", "db", "--name", NASTY.trim_end_matches('\0')],
        &["release", "db", NASTY.trim_end_matches('\0')],
        &["status", NASTY.trim_end_matches('\0')],
        &["log", "--run", NASTY.trim_end_matches('\0')],
        &["run", "db", "--", "/nowhere/\u{1b}[2J"],
        &["acquire", "db", "--dir", "/dev/null/\u{1b}[2J"],
    ] {
        let said = lab.run(arguments);
        assert_ne!(said.code, 0, "{said:?}");
        check(&said);
    }
    for variable in [
        "NAME_MANAGER_RUN_ID",
        "NEXTEST_RUN_ID",
        "NAME_MANAGER_POOL_DB_MAX",
        "NAME_MANAGER_SCOPE",
    ] {
        let mut command = lab.cli(&["run", "db", "--", "true"]);
        command.env(variable, NASTY.trim_end_matches('\0'));
        let said = Said::of(command.output().unwrap());
        assert_ne!(said.code, 0, "{variable}: {said:?}");
        check(&said);
    }
}
