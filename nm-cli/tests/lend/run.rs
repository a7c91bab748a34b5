use std::fs;
use std::os::unix::process::CommandExt;

use nm_runtime::journal::{Event, Kind};
use nm_runtime::record::State;

use crate::lab::{Lab, Running, Said, kill};

#[test]
fn the_command_knows_its_name() {
    let lab = Lab::new();
    let script = "echo {name} {index} {pool} {other} $URL";
    let said = lab.run(&[
        "run",
        "db",
        "--env",
        "URL=db://{name}/",
        "--",
        "sh",
        "-c",
        script,
    ]);
    assert_eq!(said.answer(), "db-0 0 db {other} db://db-0/\n");
    lab.run(&["run", "db", "--env", "URL=db://{db.nme}/", "--", "true"])
        .fails(2, "the placeholder `{db.nme}`; did you mean `{db.name}`?");
}

#[test]
fn several_names_stand_beside_each_other() {
    let lab = Lab::new();
    let said = lab.run(&[
        "run", "db", "--count", "2", "--", "echo", "{name}", "{pool}",
    ]);
    assert_eq!(said.answer(), "db-0,db-1 db\n");
    let said = lab.run(&[
        "run",
        "web",
        "db",
        "--",
        "echo",
        "{web.name}",
        "{db.index}",
        "{name}",
    ]);
    assert_eq!(said.answer(), "web-0 0 web-0,db-0\n");
}

#[test]
fn input_and_output_are_the_commands() {
    let lab = Lab::new();
    let said = lab.shell(
        "sh",
        "echo hello | name-manager run db -- sh -c 'cat; echo oops >&2'",
    );
    assert_eq!(
        (said.code, said.out.as_str(), said.err.as_str()),
        (0, "hello\n", "oops\n")
    );
}

#[test]
fn a_caller_that_ignores_the_ends_of_its_children_gets_the_exit_status() {
    let lab = Lab::new();
    let ignoring = "import os, signal, sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN); \
                    os.execvp(sys.argv[1], sys.argv[1:])";
    for (script, code) in [
        ("echo ran", 0),
        ("echo ran; exit 75", 75),
        ("echo ran; kill -9 $$", 137),
    ] {
        let mut command = lab.program("python3");
        command.args([
            "-c",
            ignoring,
            "name-manager",
            "run",
            "db",
            "--",
            "sh",
            "-c",
            script,
        ]);
        let said = Said::of(command.output().unwrap());
        assert_eq!(
            (said.code, &*said.out, &*said.err),
            (code, "ran\n", ""),
            "{script}"
        );
    }
    // That is no business of the command's, which might not know.
    let mut command = lab.program("python3");
    let command = command.args([
        "-c",
        ignoring,
        "name-manager",
        "run",
        "--",
        "grep",
        "SigIgn",
        "/proc/self/status",
    ]);
    let said = Said::of(command.output().unwrap()).answer();
    let ignored = u64::from_str_radix(said.split_whitespace().last().unwrap(), 16).unwrap();
    assert_eq!(ignored & 1 << (17 - 1), 0, "{said}");
}

#[test]
fn a_command_without_its_dashes_is_told_what_to_write() {
    let lab = Lab::new();
    for (args, tip) in [
        (
            &["db", "pytest"][..],
            "write `--` before the command: `name-manager run db -- pytest`",
        ),
        (
            &["db", "echo", "hi"],
            "write `--` before the command: `name-manager run db -- echo ..`",
        ),
        (
            &["db", "sh", "-c", "true"],
            "write `--` before the command: `name-manager run db -- sh ..`",
        ),
        (
            &["db"],
            "write the command behind `--`: `name-manager run db -- CMD`",
        ),
        (
            &["--shared", "db", "pytest"],
            "write `--` before the command: `name-manager run POOL -- CMD`",
        ),
        (
            &[],
            "write the command behind `--`: `name-manager run POOL -- CMD`",
        ),
    ] {
        let said = lab.run(&[&["run"], args].concat());
        assert_eq!(said.code, 2, "{said:?}");
        assert!(
            said.err.contains(&format!("\n\n  tip: {tip}\n")),
            "{args:?}: {said:?}"
        );
    }
    // Other mistakes have other tips.
    for args in [
        ["db", "--tmeout", "3s", "--", "x"],
        ["db", "x", "--tmeout", "3s", "x"],
    ] {
        let said = lab.run(&[&["run"], &args[..]].concat());
        assert!(!said.err.contains("write `--`"), "{said:?}");
        assert!(said.err.contains("'--timeout'"), "{said:?}");
    }
}

#[test]
fn the_exit_status_is_the_commands() {
    let lab = Lab::new();
    let code = |command: &[&str]| {
        let mut args = vec!["run", "db", "--"];
        args.extend(command);
        lab.run(&args).code
    };
    assert_eq!(code(&["true"]), 0);
    assert_eq!(code(&["sh", "-c", "exit 75"]), 75);
    assert_eq!(code(&["sh", "-c", "kill -9 $$"]), 137);
    assert_eq!(code(&["sh", "-c", "kill -TERM $$"]), 143);
    assert_eq!(code(&["no-such-command"]), 127);
    assert_eq!(code(&["/"]), 126);
    let states: Vec<_> = released(&lab).map(|event| event.detail).collect();
    assert_eq!(states[0], None);
    assert_eq!(states[1].as_deref(), Some("its command exited with 75"));
    assert_eq!(
        states[2].as_deref(),
        Some("its command was ended by signal 9")
    );
}

#[test]
fn a_command_that_never_ran_leaves_the_name_as_it_was() {
    let lab = Lab::new();
    for nothing in ["no-such-command", "/"] {
        lab.run(&["run", "db", "--", nothing]);
        let last = released(&lab).last().unwrap();
        assert_eq!((last.state, last.detail), (Some(State::Clean), None));
    }
    lab.run(&["run", "db", "--", "false"]);
    let why = Some("its command exited with 1".to_owned());
    // Neither run nor looked at, it is not clean either.
    lab.run(&["run", "db", "--", "no-such-command"]);
    let last = released(&lab).last().unwrap();
    assert_eq!((last.state, last.detail), (Some(State::Dirty), why));
    lab.run(&["run", "db", "--", "true"]);
    let last = released(&lab).last().unwrap();
    assert_eq!((last.state, last.detail), (Some(State::Clean), None));
}

fn released(lab: &Lab) -> impl Iterator<Item = Event> {
    let events = lab.events("db").into_iter();
    events.filter(|event| event.kind == Kind::Released)
}

#[test]
fn what_can_never_be_granted_has_its_own_code() {
    let lab = Lab::new();
    let run = |args: &[&str]| {
        let mut all = vec!["run"];
        all.extend(args);
        all.extend(["--", "true"]);
        lab.run(&all)
    };
    run(&["db", "--name", "x"]).fails(69, "pool `db` has no name `x`");
    run(&["../db"]).fails(2, "`../db`");
    run(&["db", "db"]).fails(2, "write --count 2");
    run(&["db", "--all"]).fails(2, "cannot acquire all of unbounded pool");
    run(&["db", "--count", "0"]).fails(2, "expected at least 1");
    run(&["db", "web", "--name", "db-0"]).fails(2, "works with one pool");
    run(&["db", "--env", "X"]).fails(2, "expected KEY=VALUE");
    run(&["db", "--timeout", "soon"]).fails(2, "expected a duration");
    lab.run(&["run", "db"]).fails(2, "<CMD>");
    lab.run(&["runn", "db"]).fails(2, "unrecognized subcommand");
}

#[test]
fn a_waiter_that_times_out_is_told_the_holder() {
    let lab = Lab::new();
    let mut holder = Running::new(&mut lab.cli(&["hold", "db"]));
    assert_eq!(holder.line(), "db-0");
    let said = lab.run(&[
        "run",
        "db",
        "--name",
        "db-0",
        "--timeout",
        "10ms",
        "--",
        "true",
    ]);
    let owner = format!("db-0 held by `name-manager hold db` (pid {}", holder.pid());
    said.fails(124, &owner);
}

#[test]
fn a_signal_reaches_the_command() {
    let lab = Lab::new();
    let script = "trap 'exit 7' TERM; trap 'exit 8' HUP; trap 'exit 9' USR1; trap 'exit 10' INT
        echo ready; while :; do read line; done";
    for (signal, code) in [("TERM", 7), ("HUP", 8), ("USR1", 9), ("INT", 10)] {
        // A shell cannot trap what was ignored when it began, as HUP is under `nohup`.
        let mut command = lab.program("env");
        let run = [env!("CARGO_BIN_EXE_name-manager"), "run", "db", "--"];
        command
            .arg("--default-signal")
            .args(run)
            .args(["sh", "-c", script]);
        // Not in the terminal's foreground, where Ctrl-C would have reached it already.
        let mut run = Running::new(command.process_group(0));
        assert_eq!(run.line(), "ready");
        run.signal(signal);
        assert_eq!(run.code(), code, "{signal}");
    }
}

#[test]
fn ctrl_c_reaches_the_command_and_run_waits_for_it() {
    let lab = Lab::new();
    // `read` fails when it is interrupted.
    let script = "trap 'echo interrupted' INT; echo ready; until read line; do :; done; echo $line";
    fs::write(lab.path().join("command.sh"), script).unwrap();
    // The shell is no part of this: dash would end by the signal, bash would not.
    let inside = "stty -echo; exec name-manager run db -- sh command.sh";
    let mut terminal = lab.program("script");
    let mut terminal = Running::new(terminal.args(["-qfec", inside, "/dev/null"]));
    assert_eq!(terminal.line(), "ready");
    terminal.write("\x03");
    assert_eq!(terminal.line(), "interrupted");
    terminal.write("end\n");
    assert_eq!(terminal.line(), "end");
    assert_eq!(terminal.code(), 0);
}

#[test]
fn ctrl_c_is_not_passed_on_besides() {
    let lab = Lab::new();
    let command = "trap 'echo interrupted' INT; trap 'echo end; exit' TERM
        echo ready; while :; do read line; done";
    fs::write(lab.path().join("command.sh"), command).unwrap();
    let witness = "trap 'seen=yes; echo seen' INT
        while read line || [ $seen ]; do [ $seen ] || echo $line; seen=; done";
    fs::write(lab.path().join("witness.sh"), witness).unwrap();
    // The terminal does not reach the command, and `run` must leave it at that.
    let inside = "trap : INT; stty -echo
        name-manager run db -- setsid sh command.sh | sh witness.sh";
    let mut terminal = lab.program("script");
    let mut terminal = Running::new(terminal.args(["-qfec", inside, "/dev/null"]));
    assert_eq!(terminal.line(), "ready");
    terminal.write("\x03");
    assert_eq!(terminal.line(), "seen");
    // What it was told before, it would pass on before.
    kill("TERM", lab.keepers("db", "db-0")[0]);
    assert_eq!(terminal.line(), "end");
}

#[test]
fn when_run_is_killed_its_command_is_told_and_the_name_is_free() {
    let lab = Lab::new();
    let script = "trap 'echo told; exit' TERM; echo ready; while :; do read line; done";
    let mut run = Running::new(&mut lab.cli(&["run", "db", "--", "sh", "-c", script]));
    assert_eq!(run.line(), "ready");
    kill("KILL", run.pid());
    let last = lab.wait_until_free("db", "db-0");
    assert_eq!(last.kind, Kind::Died);
    if cfg!(target_os = "linux") {
        assert_eq!(run.line(), "told");
    }
}

#[test]
fn what_a_command_leaves_running_does_not_keep_the_name() {
    let lab = Lab::new();
    // Longer than the test takes; killed at its end.
    let script = "sleep 600 </dev/null >/dev/null 2>&1 & echo $!";
    let left = lab.run(&["run", "db", "--", "sh", "-c", script]).answer();
    let left = left.trim().parse().unwrap();
    let taken = ["try-acquire", "db", "--name", "db-0", "--until-release"];
    let again = lab.run(&taken);
    kill("KILL", left);
    assert_eq!(again.answer(), "db-0\n");
}

#[test]
fn a_long_wait_is_one_line_on_a_terminal_and_gone_in_the_end() {
    let lab = Lab::new();
    let mut hold = Running::new(&mut lab.cli(&["hold", "db"]));
    assert_eq!(hold.line(), "db-0");
    for way in [
        "name-manager run db --name db-0 -- echo got {name}",
        "name-manager acquire db --name db-0",
    ] {
        let mut terminal = lab.program("script");
        let mut terminal = Running::new(terminal.args(["-qfec", way, "/dev/null"]));
        terminal.until("waiting ");
        // A second later it is written over.
        let shown = terminal.until("\r\u{1b}[?7lname-manager: waiting ");
        assert!(
            shown.contains("for `db-0` of pool `db`: db-0 held by `name-manager hold db"),
            "{shown}"
        );
        assert!(!shown.contains('\n'), "{shown}");
        hold.end_input();
        let rest = terminal.until("\n");
        assert!(rest.contains("\r\u{1b}[K"), "{rest}");
        assert_eq!(terminal.code(), 0);
        hold = Running::new(&mut lab.cli(&["hold", "db", "--name", "db-0"]));
        assert_eq!(hold.line(), "db-0");
    }
}

#[test]
fn everything_below_a_run_belongs_to_it() {
    let lab = Lab::new();
    let inner = ["name-manager", "run", "web", "--", "true"];
    let mut args = vec!["run", "db", "--"];
    args.extend(inner);
    assert_eq!(lab.run(&args).answer(), "");
    let run = |pool: &str| lab.events(pool)[0].holder.run.clone();
    assert_eq!(run("db"), run("web"));
    assert_eq!(lab.events("web")[0].holder.test, "true");
}

#[test]
fn two_names_are_never_lent_three_times_at_once() {
    let lab = Lab::new();
    let script = "for i in 1 2 3 4 5; do name-manager run db -- true || exit; done";
    let mut shells: Vec<_> = (0..6)
        .map(|_| {
            let mut shell = lab.program("sh");
            shell.env("NAME_MANAGER_POOL_DB_MAX", "2");
            shell.args(["-c", script]).spawn().unwrap()
        })
        .collect();
    for shell in &mut shells {
        assert!(shell.wait().unwrap().success());
    }
    let mut held: Vec<String> = Vec::new();
    let mut leases = 0;
    for event in lab.events("db") {
        let name = event.name.unwrap_or_default();
        match event.kind {
            Kind::Acquired => {
                assert!(!held.contains(&name), "{name} was lent twice");
                held.push(name);
                leases += 1;
            }
            Kind::Released => held.retain(|held| *held != name),
            _ => {}
        }
        assert!(held.len() <= 2, "{held:?}");
    }
    assert_eq!((leases, held.len()), (30, 0));
}

#[test]
fn without_a_pool_a_script_and_all_that_it_starts_is_one_run() {
    let lab = Lab::new();
    // It would name the run after `cargo`, which is above this test.
    let script = "export NAME_MANAGER_RUN_ID=mine
        name-manager run -- sh -c 'echo $NAME_MANAGER_RUN_ID; name-manager run db -- true'";
    assert_eq!(lab.shell("sh", script).answer(), "mine\n");
    assert!(
        lab.events("db")
            .iter()
            .all(|event| event.holder.run == "mine")
    );
    lab.run(&["run", "--", "sh", "-c", "exit 3"]).fails(3, "");
    lab.run(&["run", "--all", "--", "true"])
        .fails(2, "no pool is given");
}
