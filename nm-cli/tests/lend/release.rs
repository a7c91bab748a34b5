use std::fs;
use std::os::unix::fs::PermissionsExt;

use nm_runtime::journal::Kind;

use crate::lab::{Lab, Running, SHELLS, kill};

#[test]
fn the_shell_that_acquired_it_releases_it_and_twice_is_no_error() {
    for shell in SHELLS {
        let lab = Lab::new();
        let script = "name=$(name-manager acquire db)
            (name-manager release db $name) && sh -c \"name-manager release db $name\"";
        let said = lab.shell(shell, script);
        assert_eq!(
            (said.code, said.err.as_str()),
            (0, "name-manager: `db-0` is not lent\n")
        );
        let last = lab.events("db").pop().unwrap();
        assert_eq!((last.kind, last.detail), (Kind::Released, None));
    }
}

#[test]
fn only_its_shell_releases_it_without_the_token() {
    let lab = Lab::new();
    let token = lab.path().join("token");
    let token = token.to_str().unwrap();
    let mut owner = lab.start(
        "sh",
        &format!("name-manager acquire db --token-file {token}; read line"),
    );
    assert_eq!(owner.line(), "db-0");
    let mode = fs::metadata(token).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let token = fs::read_to_string(token).unwrap();
    let token = token.trim();

    // The same process as elsewhere.
    let keeper = lab.keepers("db", "db-0")[0];
    let list = lab.run(&["list"]).answer();
    assert!(list.contains(&format!("(pid {keeper})")), "{list}");
    let release = ["release", "db", "db-0"];
    lab.run(&release)
        .fails(77, &format!("(pid {keeper}, kept for pid {})", owner.pid()));
    lab.run(&["keep-alive", "db", "db-0"])
        .fails(77, "belongs to");
    for (wrong, code) in [(&token[..31], 77), (&format!("{token}0"), 77), ("", 2)] {
        let said = lab
            .cli(&release)
            .env("NAME_MANAGER_TOKEN", wrong)
            .output()
            .unwrap();
        assert_eq!(said.status.code(), Some(code), "{wrong}");
    }
    lab.assert_held("db", "db-0");
    let said = lab
        .cli(&release)
        .env("NAME_MANAGER_TOKEN", token)
        .output()
        .unwrap();
    assert!(said.status.success());
    assert_eq!(lab.wait_until_free("db", "db-0").detail, None);
}

#[test]
fn a_token_of_ones_own_goes_from_script_to_script() {
    let lab = Lab::new();
    let with_token = |args: &[&str]| {
        let mut command = lab.program("sh");
        let script = format!("name-manager {}; :", args.join(" "));
        let command = command.env("NAME_MANAGER_TOKEN", "of-this-ci-job");
        command.args(["-c", &script]).output().unwrap()
    };
    let said = with_token(&["acquire", "db", "--until-release"]);
    assert_eq!(said.stdout, b"db-0\n");
    lab.run(&["release", "db", "db-0"]).fails(77, "belongs to");
    assert_eq!(with_token(&["release", "db", "db-0"]).stderr, b"");
    assert_eq!(lab.wait_until_free("db", "db-0").detail, None);
}

#[test]
fn force_is_written_down() {
    let lab = Lab::new();
    let mut owner = lab.start("sh", "name-manager acquire db; read line");
    assert_eq!(owner.line(), "db-0");
    assert_eq!(lab.run(&["release", "db", "db-0", "--force"]).answer(), "");
    let why = lab.wait_until_free("db", "db-0").detail.unwrap();
    assert!(why.starts_with("released by force by `"), "{why}");
}

#[test]
fn what_another_command_holds_is_its_own() {
    let lab = Lab::new();
    let mut hold = Running::new(&mut lab.cli(&["hold", "db"]));
    assert_eq!(hold.line(), "db-0");
    for force in [&[][..], &["--force"]] {
        let mut args = vec!["release", "db", "db-0"];
        args.extend(force);
        let owner = format!("held by `name-manager hold db` (pid {})", hold.pid());
        lab.run(&args).fails(77, &owner);
    }
}

#[test]
fn what_is_not_there_has_its_own_code() {
    let lab = Lab::new();
    lab.run(&["release", "db", "db-0"])
        .fails(69, "no pool `db`");
    lab.run(&["run", "db", "--", "true"]).answer();
    lab.run(&["release", "db", "nope"])
        .fails(69, "has no name `nope`");
    lab.run(&["release", "db"]).fails(2, "<NAME>");
    let said = lab.run(&["release", "db", "db-0"]);
    assert_eq!(
        (said.code, said.err.as_str()),
        (0, "name-manager: `db-0` is not lent\n")
    );
}

#[test]
fn a_dirty_release_says_so() {
    let lab = Lab::new();
    lab.shell(
        "sh",
        "name-manager acquire db; name-manager release --dirty db db-0",
    );
    let last = lab.events("db").pop().unwrap();
    assert_eq!(last.detail.as_deref(), Some("released as dirty"));
}

#[test]
fn a_keeper_that_stands_still_keeps_its_lease_and_goes_on_later() {
    let lab = Lab::new();
    let acquired = lab.run(&["acquire", "db", "--until-release"]);
    assert_eq!(acquired.answer(), "db-0\n");
    let keeper = lab.keepers("db", "db-0")[0];
    kill("STOP", keeper);
    lab.assert_held("db", "db-0");
    // It cannot answer, and nobody takes the name from it.
    lab.run(&["release", "--force", "db", "db-0"])
        .fails(1, "failed to reach the keeper of `db-0`");
    lab.assert_held("db", "db-0");
    kill("CONT", keeper);
    // It had heard, or hears now.
    let said = lab.run(&["release", "--force", "db", "db-0"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert_eq!(lab.wait_until_free("db", "db-0").kind, Kind::Released);
}
