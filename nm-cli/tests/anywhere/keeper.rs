use std::fs;

use nm_runtime::journal::Kind;

use crate::beacon::{self, Beacon};
use crate::lab::{Lab, Running, Said, kill};
use crate::patience::until;
use crate::script::Script;

#[test]
fn a_name_lives_as_long_as_the_script_that_has_acquired_it() {
    let lab = Lab::new();
    let mut script = Script::start(&lab);
    // Read to its end: so the keeper has none of the pipes.
    let said = script.call("acquire db");
    assert_eq!((said.code, said.out.as_str()), (0, "db-0\n"), "{said:?}");
    lab.assert_held("db", "db-0");
    script.end();
    let last = lab.last_end("db", "db-0");
    assert_eq!(last.kind, Kind::Released);
    let why = last.detail.unwrap();
    assert!(why.contains("ended without releasing it"), "{why}");
}

#[test]
fn a_killed_script_has_released() {
    let lab = Lab::new();
    let mut script = Script::start(&lab);
    script.call("acquire db").succeeds();
    script.kill();
    assert_eq!(lab.last_end("db", "db-0").kind, Kind::Released);
}

#[test]
fn only_the_script_releases_it_or_who_shows_the_token() {
    let lab = Lab::new();
    let token = lab.path().join("token");
    let mut script = Script::start(&lab);
    let acquire = format!("acquire db --token-file {}", token.display());
    script.call(&acquire).succeeds();
    lab.run(&["release", "db", "db-0"]).fails(77, "belongs to");
    lab.run(&["keep-alive", "db", "db-0"])
        .fails(77, "belongs to");
    script.call("release db db-0").succeeds();
    assert_eq!(lab.last_end("db", "db-0").detail, None);
    // A second one is no error.
    script.call("release db db-0").succeeds();

    script.call(&acquire).succeeds();
    let token = fs::read_to_string(token).unwrap();
    let mut other = lab.cli(&["release", "db", "db-0"]);
    let other = other.env("NAME_MANAGER_TOKEN", token.trim());
    Said::of(other.output().unwrap()).succeeds();
    assert_eq!(lab.last_end("db", "db-0").detail, None);
}

#[test]
fn a_keeper_that_was_killed_has_lost_the_name_and_its_script_is_told() {
    let lab = Lab::new();
    let mut script = Script::start(&lab);
    script.call("acquire db").succeeds();
    let keeper = lab.holder("db");
    kill(keeper);
    assert_eq!(lab.last_end("db", "db-0").kind, Kind::Died);
    let why = format!("its keeper (pid {keeper}) was killed");
    script.call("release db db-0").fails(76, &why);
    // It is told once.
    script.call("release db db-0").succeeds();
}

#[test]
fn a_time_to_live_is_extended_and_ends() {
    let lab = Lab::new();
    let mut script = Script::start(&lab);
    script.call("acquire db --ttl 1h").succeeds();
    script.call("keep-alive db db-0 --ttl 2h").succeeds();
    lab.assert_held("db", "db-0");
    script.call("keep-alive db db-0 --ttl 1ms").succeeds();
    let why = lab.last_end("db", "db-0").detail.unwrap();
    assert!(why.contains("its time to live of 1ms expired"), "{why}");
    script
        .call("release db db-0")
        .fails(76, "its time to live of 1ms expired");
}

#[test]
fn a_lease_until_release_outlives_its_script_and_force_ends_it() {
    let lab = Lab::new();
    let mut script = Script::start(&lab);
    script.call("acquire db --until-release").succeeds();
    script.end();
    lab.assert_held("db", "db-0");
    lab.run(&["release", "db", "db-0", "--force"]).succeeds();
    let why = lab.last_end("db", "db-0").detail.unwrap();
    assert!(why.starts_with("released by force by `"), "{why}");
}

#[test]
fn a_lease_of_a_process_is_clean_if_that_ends_well_alone() {
    for fails in [false, true] {
        let lab = Lab::new();
        let beacon = Beacon::new();
        let mut process = lab.program(&beacon::words()[0]);
        process.args(&beacon::words()[1..]);
        process.envs([beacon.env(), beacon::role("other")]);
        if fails {
            process.env("BEACON_FAILS", "1");
        }
        let mut process = Running::new(&mut process);
        let mut live = beacon.next();
        let pid = process.pid().to_string();
        lab.run(&["acquire", "db", "--pid", &pid]).succeeds();
        live.tell();
        // Not waited for yet: so each system can tell how it has ended.
        until("the end of the lease", || {
            let ends = |kind| [Kind::Released, Kind::Died].contains(&kind);
            lab.events("db")
                .iter()
                .any(|event| ends(event.kind))
                .then_some(())
        });
        let is_dirty = lab.last_end("db", "db-0").detail.is_some();
        assert_eq!(is_dirty, fails);
        process.code();
    }
}

#[test]
fn several_names_are_released_one_by_one() {
    let lab = Lab::new();
    let mut script = Script::start(&lab);
    let said = script.call("acquire db --count 2");
    assert_eq!(said.out, "db-0\ndb-1\n", "{said:?}");
    script.call("release db db-0").succeeds();
    lab.assert_held("db", "db-1");
    assert_eq!(lab.last_end("db", "db-0").detail, None);
    script.call("release db db-1 --dirty").succeeds();
    let last = lab.last_end("db", "db-1");
    assert_eq!(last.detail.as_deref(), Some("released as dirty"));
}

#[test]
fn a_waiter_whose_acquire_is_killed_is_lent_nothing() {
    let lab = Lab::new();
    let mut hold = Running::new(&mut lab.cli(&["hold", "db", "--name", "db-0"]));
    assert_eq!(hold.line(), "db-0");
    let named = ["acquire", "db", "--name", "db-0", "--until-release"];
    let mut waiter = Running::new(&mut lab.cli(&named));
    until("it waits", || {
        let events = lab.events("db");
        let mut waiting = events.iter();
        waiting.find(|event| event.kind == Kind::Waiting).map(drop)
    });
    waiter.kill();
    // Its keeper ends with it, and so gives up its place.
    assert_eq!(waiter.rest(), "");
    until("nobody waits", || {
        let said = lab.run(&["status", "--json"]);
        said.succeeds();
        (!said.out.contains("\"waiting\":[{")).then_some(())
    });
    hold.end_input();
    assert_eq!(hold.code(), 0);
    assert_eq!(lab.last_end("db", "db-0").kind, Kind::Released);
    let acquired = lab.events("db").into_iter();
    let acquired = acquired.filter(|event| event.kind == Kind::Acquired);
    assert_eq!(acquired.count(), 2, "`hold`, and who looked");
}

#[test]
fn hold_ends_with_its_input_and_says_how_that_went() {
    let lab = Lab::new();
    for (input, detail) in [("", None), ("x\ndirty\n", Some("released as dirty"))] {
        let mut hold = Running::new(&mut lab.cli(&["hold", "db"]));
        assert_eq!(hold.line(), "db-0");
        lab.assert_held("db", "db-0");
        hold.write(input);
        hold.end_input();
        assert_eq!(hold.code(), 0);
        assert_eq!(lab.last_end("db", "db-0").detail.as_deref(), detail);
    }
}

#[test]
fn hold_without_an_input_that_ends_ends_with_its_script() {
    let lab = Lab::new();
    let mut script = Script::start(&lab);
    script.start_call("hold db", "db-0");
    lab.assert_held("db", "db-0");
    script.kill();
    let why = lab.last_end("db", "db-0").detail.unwrap();
    assert_eq!(why, "the parent process of `hold` ended");
}

#[test]
fn a_state_directory_can_be_removed_while_a_keeper_waits_for_its_release() {
    let lab = Lab::new();
    lab.run(&["acquire", "db", "--until-release"]).succeeds();
    lab.run(&["release", "--force", "db", "db-0"]).succeeds();
    until("the state can be removed", || {
        fs::remove_dir_all(lab.state()).ok()
    });
}
