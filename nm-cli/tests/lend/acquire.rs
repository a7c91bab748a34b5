use std::fs;

use nm_runtime::journal::Kind;

use crate::lab::{Lab, SHELLS, Said, kill};
use crate::patience::until;

/// Ways to call from a script; each leaves the name in the hands of the script.
const CALLS: [&str; 9] = [
    "name=$(name-manager acquire db); echo $name",
    "name=`name-manager acquire db`; echo $name",
    "name=$(set -u; name-manager acquire db; :); echo $name",
    "name-manager acquire db | cat",
    "(name-manager acquire db; :) | cat",
    "name-manager acquire db",
    "sh -c 'name-manager acquire db'",
    "bash -c 'exec name-manager acquire db'",
    "timeout 60 name-manager acquire db",
];

#[test]
fn a_name_lives_as_long_as_the_script_however_it_was_asked_for() {
    for shell in SHELLS {
        for call in CALLS {
            let lab = Lab::new();
            let mut script = lab.start(shell, &format!("{call}; read line; echo end"));
            assert_eq!(script.line(), "db-0", "{shell}: {call}");
            lab.assert_held("db", "db-0");
            script.end_input();
            assert_eq!(script.code(), 0);
            let last = lab.wait_until_free("db", "db-0");
            assert_eq!(last.kind, Kind::Released);
            let why = last.detail.unwrap();
            assert!(
                why.contains("ended without releasing it"),
                "{shell}: {call}: {why}"
            );
        }
    }
}

#[test]
fn a_script_in_a_file_is_a_script() {
    let lab = Lab::new();
    let inner = lab.path().join("inner.sh");
    fs::write(&inner, "name-manager acquire db\n").unwrap();
    // The inner script is another one: what it acquired ends with it.
    let mut outer = lab.start("bash", "sh inner.sh; read line");
    assert_eq!(outer.line(), "db-0");
    let last = lab.wait_until_free("db", "db-0");
    assert!(last.detail.unwrap().contains("`sh inner.sh`"));
}

#[test]
fn a_killed_shell_has_released() {
    let lab = Lab::new();
    let mut script = lab.start("sh", "name-manager acquire db; read line");
    assert_eq!(script.line(), "db-0");
    script.signal("KILL");
    assert_eq!(lab.wait_until_free("db", "db-0").kind, Kind::Released);
}

#[test]
fn a_killed_keeper_has_released_and_release_says_so() {
    let lab = Lab::new();
    let mut script = lab.start(
        "sh",
        "name-manager acquire db; echo done; read line; name-manager release db db-0 2>&1; echo code $?",
    );
    assert_eq!(
        (script.line(), script.line()),
        ("db-0".to_owned(), "done".to_owned())
    );
    let keeper = lab.keepers("db", "db-0")[0];
    kill("KILL", keeper);
    assert_eq!(lab.wait_until_free("db", "db-0").kind, Kind::Died);
    script.end_input();
    let said = script.line();
    assert!(
        said.contains(&format!("its keeper (pid {keeper}) was killed")),
        "{said}"
    );
    assert_eq!(script.line(), "code 76");
}

#[test]
fn a_keeper_that_is_asked_to_end_releases() {
    let lab = Lab::new();
    assert_eq!(
        lab.run(&["acquire", "db", "--until-release"]).answer(),
        "db-0\n"
    );
    kill("TERM", lab.keepers("db", "db-0")[0]);
    let last = lab.wait_until_free("db", "db-0");
    assert_eq!(
        last.detail.as_deref(),
        Some("its keeper was ended by a signal")
    );
}

#[test]
fn a_keeper_keeps_no_pipe_open() {
    let lab = Lab::new();
    // Were the pipe still open in the keeper, its end would never be read.
    let script = "exec 3>&1 4>&1; name-manager acquire db --until-release 2>&1";
    assert_eq!(lab.shell("bash", script).answer(), "db-0\n");
    lab.assert_held("db", "db-0");
}

#[test]
fn a_name_that_could_not_be_printed_is_not_kept() {
    let lab = Lab::new();
    let said = lab.shell("sh", "name-manager acquire db --until-release >/dev/full");
    said.fails(1, "failed to print db-0; released again");
    assert_eq!(lab.wait_until_free("db", "db-0").detail, None);
}

#[test]
fn a_waiter_that_gives_up_is_lent_nothing() {
    let lab = Lab::new();
    assert_eq!(
        lab.run(&["acquire", "db", "--until-release"]).answer(),
        "db-0\n"
    );
    let named = ["acquire", "db", "--name", "db-0", "--until-release"];
    let mut waiter = lab.cli(&named).spawn().unwrap();
    let keeper = until("it waits", || {
        let events = lab.events("db").into_iter();
        let mut waiting = events.filter(|event| event.kind == Kind::Waiting);
        waiting.next().map(|event| event.holder.pid)
    });
    kill("KILL", waiter.id());
    waiter.wait().unwrap();
    // It is told of that, and until then may be lent the name for a moment.
    let exe = format!("/proc/{keeper}/exe");
    until("it has ended", || {
        fs::read_link(&exe).is_err().then_some(())
    });
    lab.run(&["release", "--force", "db", "db-0"]);
    lab.wait_until_free("db", "db-0");
    let owners = lab.keepers("db", "db-0");
    assert_eq!(
        owners.len(),
        2,
        "the keeper, then who looked whether it is free"
    );
}

#[test]
fn try_acquire_does_not_wait() {
    let lab = Lab::new();
    let taken = ["try-acquire", "db", "--name", "db-0", "--until-release"];
    assert_eq!(lab.run(&taken).answer(), "db-0\n");
    lab.run(&taken).fails(75, "`db-0` of pool `db` is in use");
    lab.run(&["try-acquire", "db", "--name", "nope"])
        .fails(69, "has no name `nope`");
    lab.run(&["acquire", "db", "--name", "db-0", "--timeout", "10ms"])
        .fails(124, "to wait longer, use `--timeout`, or set");
    lab.run(&["acquire", "DB"]).fails(2, "write `db`");
}

#[test]
fn several_names_are_released_one_by_one() {
    let lab = Lab::new();
    let script = "name-manager acquire db --count 2
        name-manager release db db-0
        name-manager try-acquire db --name db-1
        echo $?
        name-manager try-acquire db --name db-0";
    let said = lab.shell("sh", script);
    assert_eq!(said.out, "db-0\ndb-1\n75\ndb-0\n", "{said:?}");
}

#[test]
fn several_names_are_released_at_once_as_they_were_printed() {
    for names in ["$names", "\"$names\"", "db-1 db-0"] {
        let lab = Lab::new();
        let script = format!(
            "names=$(name-manager acquire db --count 2)
            name-manager release db {names} && name-manager try-acquire db --count 2"
        );
        let said = lab.shell("sh", &script);
        assert_eq!(said.answer(), "db-0\ndb-1\n", "{names}");
    }
}

#[test]
fn a_name_that_cannot_be_released_keeps_no_other_from_it() {
    let lab = Lab::new();
    let script = "name-manager acquire db --count 2 --until-release
        name-manager release db db-1 db-9 db-0; echo $?
        name-manager try-acquire db --count 2";
    let said = lab.shell("sh", script);
    assert_eq!(said.out, "db-0\ndb-1\n69\ndb-0\ndb-1\n", "{said:?}");
    assert!(
        said.err.contains("pool `db` has no name `db-9`"),
        "{said:?}"
    );
}

#[test]
fn a_lease_ends_when_its_time_to_live_has_passed() {
    let lab = Lab::new();
    let said = lab.run(&["acquire", "db", "--ttl", "20ms"]);
    assert_eq!(said.answer(), "db-0\n");
    let last = lab.wait_until_free("db", "db-0");
    assert_eq!(
        last.detail.as_deref(),
        Some("its time to live of 20ms expired")
    );
    lab.run(&["keep-alive", "db", "db-0"])
        .fails(76, "the lease of `db-0` was lost");
    let other = lab.shell("sh", "name-manager acquire db --name db-0 --ttl 1ms; :");
    assert_eq!(other.answer(), "db-0\n");
    lab.wait_until_free("db", "db-0");
    lab.run(&["keep-alive", "db", "db-0"])
        .fails(76, "the lease of `db-0` was lost");
    lab.run(&["keep-alive", "db", "db-1"])
        .fails(69, "no lease of `db-1` to extend");
}

#[test]
fn keep_alive_replaces_the_time_to_live() {
    let lab = Lab::new();
    let script = "name-manager acquire db --ttl 1h
        name-manager keep-alive db db-0
        name-manager keep-alive db db-0 --ttl 20ms
        name-manager run db --name db-0 -- true
        name-manager acquire db
        name-manager keep-alive db db-0";
    let said: Said = lab.shell("sh", script);
    assert_eq!(
        (said.code, said.out.as_str()),
        (1, "db-0\ndb-0\n"),
        "{said:?}"
    );
    assert!(
        said.err.contains("`db-0` has no time to live"),
        "{}",
        said.err
    );
}

#[test]
fn another_process_may_be_what_a_lease_is_bound_to() {
    let lab = Lab::new();
    let mut other = lab.start("sh", "read line");
    let pid = other.pid().to_string();
    assert_eq!(
        lab.run(&["acquire", "db", "--pid", &pid]).answer(),
        "db-0\n"
    );
    lab.assert_held("db", "db-0");
    other.end_input();
    assert_eq!(other.code(), 1);
    let last = lab.wait_until_free("db", "db-0");
    let why = last.detail.unwrap_or_default();
    assert!(why.contains("ended without releasing it"), "{why}");
    lab.run(&["acquire", "db", "--pid", &pid])
        .fails(69, "no process");
}

/// The kernel tells how a process ended that is no child, or it does not: see
/// `uname -r` against 6.15.
#[cfg(target_os = "linux")]
#[test]
fn a_process_that_ended_well_is_done_with_its_name() {
    let lab = Lab::new();
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    let mut numbers = release.split('.').map(|number| number.parse().unwrap_or(0));
    let tells = (numbers.next(), numbers.next()) >= (Some(6), Some(15));
    let mut other = lab.start("sh", "read line; exit 0");
    let pid = other.pid().to_string();
    lab.run(&["acquire", "db", "--pid", &pid]).answer();
    other.end_input();
    assert_eq!(other.code(), 0);
    let last = lab.wait_until_free("db", "db-0");
    if tells {
        assert_eq!((last.kind, last.detail), (Kind::Released, None));
    }
}
