//! Leases that ended before they were given back, and who is told.

use std::fs;

use crate::lab::{Lab, Running, Said, kill};
use crate::patience::until;

const LOST: i32 = 76;
const TOKEN: &str = "of-this-ci-job";

fn with_token(lab: &Lab, args: &[&str]) -> Said {
    let mut command = lab.cli(args);
    Said::of(command.env("NAME_MANAGER_TOKEN", TOKEN).output().unwrap())
}

fn acquire(lab: &Lab, how: &[&str]) {
    // By a shell that is gone afterwards, as in a step of a job.
    let script = format!("name-manager acquire db {}; :", how.join(" "));
    let mut step = lab.program("sh");
    let step = step.args(["-c", &script]).env("NAME_MANAGER_TOKEN", TOKEN);
    let said = Said::of(step.output().unwrap());
    assert_eq!((said.code, said.out.as_str()), (0, "db-0\n"), "{said:?}");
}

fn release(lab: &Lab) -> Said {
    with_token(lab, &["release", "db", "db-0"])
}

/// Why a lease was lost, and how to lose it so.
type Loss = (&'static str, Box<dyn Fn() -> Lab>);

/// How leases end that nobody gave back.
fn losses() -> Vec<Loss> {
    vec![
        (
            "its time to live of 1ms expired",
            Box::new(|| {
                let lab = Lab::new();
                acquire(&lab, &["--ttl", "1ms"]);
                lab
            }),
        ),
        (
            "its keeper (pid ",
            Box::new(|| {
                let lab = Lab::new();
                acquire(&lab, &["--until-release"]);
                kill("KILL", lab.keepers("db", "db-0")[0]);
                lab
            }),
        ),
        (
            "its keeper was ended by a signal",
            Box::new(|| {
                let lab = Lab::new();
                acquire(&lab, &["--until-release"]);
                kill("TERM", lab.keepers("db", "db-0")[0]);
                lab
            }),
        ),
        (
            "released by force by `",
            Box::new(|| {
                let lab = Lab::new();
                acquire(&lab, &["--until-release"]);
                lab.run(&["release", "--force", "db", "db-0"]).answer();
                lab
            }),
        ),
        (
            "ended without releasing it",
            Box::new(|| {
                let lab = Lab::new();
                acquire(&lab, &[]);
                lab
            }),
        ),
    ]
}

#[test]
fn whoever_shows_its_token_is_told_that_the_lease_was_lost() {
    for (why, lose) in losses() {
        let lab = lose();
        lab.wait_until_free("db", "db-0");
        let said = with_token(&lab, &["keep-alive", "db", "db-0"]);
        said.fails(LOST, why);
        // Nobody else's order takes that away.
        let other = lab.run(&["release", "--force", "db", "db-0"]);
        assert_eq!(other.code, 0, "{other:?}");
        release(&lab).fails(LOST, why);
        let again = release(&lab);
        assert_eq!(
            (again.code, again.err.as_str()),
            (0, "name-manager: `db-0` is not lent\n"),
            "{why}: once is enough"
        );
    }
}

#[test]
fn a_lost_name_that_somebody_else_has_now_is_lost_too() {
    for (why, lose) in losses() {
        let lab = lose();
        lab.wait_until_free("db", "db-0");
        let mut hold = Running::new(&mut lab.cli(&["hold", "db"]));
        assert_eq!(hold.line(), "db-0");
        release(&lab).fails(LOST, why);
        hold.end_input();
        assert_eq!(hold.code(), 0);

        let lab = lose();
        lab.wait_until_free("db", "db-0");
        let said = lab.shell("sh", "name-manager acquire db --until-release; :");
        assert_eq!(said.answer(), "db-0\n");
        release(&lab).fails(LOST, why);
        lab.assert_held("db", "db-0");
    }
}

#[test]
fn the_shell_that_acquired_it_needs_no_token_to_be_told() {
    let lab = Lab::new();
    let mut owner = lab.start(
        "sh",
        "name-manager acquire db --ttl 1ms; read line; name-manager release db db-0; echo $?; read line",
    );
    assert_eq!(owner.line(), "db-0");
    lab.wait_until_free("db", "db-0");
    let other = lab.run(&["release", "db", "db-0"]);
    assert_eq!(
        (other.code, other.err.as_str()),
        (0, "name-manager: `db-0` is not lent\n")
    );
    owner.write("\n");
    assert_eq!(owner.line(), LOST.to_string());
}

#[test]
fn what_was_given_back_in_order_is_not_lost() {
    let lab = Lab::new();
    acquire(&lab, &["--until-release"]);
    assert_eq!(release(&lab).answer(), "");
    assert_eq!(release(&lab).code, 0);
    // The lease was to end with that process, and did.
    let mut process = lab.start("sh", "read line; exit 0");
    let pid = process.pid().to_string();
    acquire(&lab, &["--pid", &pid]);
    process.write("\n");
    assert_eq!(process.code(), 0);
    lab.wait_until_free("db", "db-0");
    assert_eq!(release(&lab).code, 0);
}

#[test]
fn a_new_lease_with_the_same_token_is_released_first() {
    let lab = Lab::new();
    acquire(&lab, &["--ttl", "1ms"]);
    lab.wait_until_free("db", "db-0");
    acquire(&lab, &["--until-release"]);
    assert_eq!(release(&lab).answer(), "");
    release(&lab).fails(LOST, "its time to live");
}

#[test]
fn no_number_of_lost_leases_fills_the_directory() {
    let lab = Lab::new();
    let keepers = lab.state().join("pools/db/keepers");
    let files = || fs::read_dir(&keepers).unwrap().count();
    // The shell has ended, and nobody knows the token: who could ask?
    let said = lab.shell("sh", "name-manager acquire db; :");
    assert_eq!(said.code, 0, "{said:?}");
    lab.wait_until_free("db", "db-0");
    until("nothing is left", || (files() == 0).then_some(()));
    acquire(&lab, &["--ttl", "1ms"]);
    lab.wait_until_free("db", "db-0");
    until("only the file is left", || (files() == 1).then_some(()));
    let lost = fs::read_dir(&keepers).unwrap().next().unwrap().unwrap();
    let text = fs::read_to_string(lost.path()).unwrap();
    let id = lost.file_name().into_string().unwrap();
    let id = id.split('.').nth(1).unwrap().to_owned();
    for other in 0..300 {
        let other = format!("{other:032x}");
        let text = text.replace(&id, &other);
        fs::write(keepers.join(format!("db-0.{other}.json")), text).unwrap();
    }
    acquire(&lab, &["--ttl", "1ms"]);
    lab.wait_until_free("db", "db-0");
    until("the oldest are gone", || (files() == 256).then_some(()));
    release(&lab).fails(LOST, "its time to live");
    // The lab would ask for each of them.
    fs::remove_dir_all(&keepers).unwrap();
}

#[test]
fn a_command_whose_lease_was_lost_is_red() {
    let lab = Lab::new();
    let gone = "rm -rf state/pools";
    let run = lab.run(&["run", "db", "--", "sh", "-c", gone]);
    run.fails(LOST, "may have been lent to others");
    // A command that fails keeps its own code.
    let run = lab.run(&["run", "db", "--", "sh", "-c", &format!("{gone}; exit 3")]);
    run.fails(3, "may have been lent to others");
    let mut hold = Running::new(&mut lab.cli(&["hold", "db"]));
    assert_eq!(hold.line(), "db-0");
    fs::remove_dir_all(lab.state().join("pools")).unwrap();
    hold.end_input();
    assert_eq!(hold.code(), LOST);
}

#[test]
fn a_malformed_token_is_refused_by_everybody_and_shown_by_nobody() {
    let lab = Lab::new();
    lab.run(&["run", "db", "--", "true"]).answer();
    for token in ["s3cret", "", &"s3cret".repeat(50)] {
        for command in [
            &["acquire", "db"][..],
            &["try-acquire", "db"],
            &["release", "db", "db-0"],
            &["keep-alive", "db", "db-0"],
        ] {
            let mut variable = lab.cli(command);
            variable.env("NAME_MANAGER_TOKEN", token);
            let said = Said::of(variable.output().unwrap());
            assert!(!said.err.contains("s3cret"), "{said:?}");
            assert!(!said.err.contains("--token"), "{said:?}");
            let what = format!(
                "NAME_MANAGER_TOKEN has a token of {} bytes; expected 8 to 256",
                token.len()
            );
            said.fails(2, &what);
            let option = format!("--token={token}");
            let said = lab.run(&[command, &[&option]].concat());
            assert!(!said.err.contains("s3cret"), "{said:?}");
            let what = format!(
                "the value of --token is {} bytes; expected 8 to 256",
                token.len()
            );
            said.fails(2, &what);
        }
    }
}
