use std::fs;
use std::path::Path;
use std::process::Command;

use crate::lab::{Lab, Said};

const MANIFEST: &str = r#"
[package]
name = "shop"
version = "0.1.0"
[workspace]
[workspace.metadata.name-manager.pools.db]
names = ["left", "right"]
env = { DATABASE_URL = "postgres://localhost/{name}", SHARD = "{index}" }
"#;

fn without_dir(command: &mut Command) -> &mut Command {
    command.env_remove("NAME_MANAGER_DIR")
}

#[test]
fn the_workspace_around_the_current_directory_says_what_its_pools_are() {
    let lab = Lab::new();
    fs::write(lab.path().join("Cargo.toml"), MANIFEST).unwrap();
    let inside = lab.path().join("src");
    fs::create_dir(&inside).unwrap();
    let run = |args: &[&str]| {
        let mut command = lab.cli(args);
        Said::of(
            without_dir(&mut command)
                .current_dir(&inside)
                .output()
                .unwrap(),
        )
    };
    let script = "echo {name} $DATABASE_URL $SHARD";
    assert_eq!(
        run(&["run", "db", "--", "sh", "-c", script]).answer(),
        "left postgres://localhost/left 0\n"
    );
    assert_eq!(
        run(&[
            "run",
            "db",
            "--all",
            "--env",
            "SHARD=none",
            "--",
            "sh",
            "-c",
            script
        ])
        .answer(),
        "left,right postgres://localhost/left,postgres://localhost/right none\n"
    );
    assert!(lab.path().join(".name-manager/pools/db").is_dir());
    run(&["run", "db", "--count", "3", "--", "true"]).fails(2, "it has 2");
}

/// They share a directory, and each has a limit of its own.
#[test]
fn checkouts_that_configure_one_pool_differently_are_told_so() {
    let lab = Lab::new();
    let checkout = |name: &str, max: u32| {
        let dir = lab.path().join(name);
        fs::create_dir(&dir).unwrap();
        let pool = format!(
            "[workspace]\n[workspace.metadata.name-manager.pools.db]\nmax = {max}\ndir = \"../state\"\n"
        );
        fs::write(dir.join("Cargo.toml"), pool).unwrap();
        dir
    };
    let (one, two) = (checkout("one", 1), checkout("two", 2));
    let run = |dir: &Path, args: &[&str]| {
        let mut command = lab.cli(args);
        Said::of(without_dir(&mut command).current_dir(dir).output().unwrap())
    };
    run(&one, &["acquire", "db", "--until-release"]).answer();
    let again = run(&one, &["try-acquire", "db"]);
    assert!(!again.err.contains("differently"), "{again:?}");
    let said = run(&two, &["run", "db", "--", "true"]);
    for part in [
        "differently",
        "one/Cargo.toml (max = 1)",
        "two/Cargo.toml (max = 2)",
    ] {
        assert!(said.err.contains(part), "{part}: {said:?}");
    }
}

#[test]
fn outside_a_workspace_pools_are_the_users() {
    let lab = Lab::new();
    let mut command = lab.cli(&["run", "db", "--", "true"]);
    let command = without_dir(&mut command)
        .env("HOME", lab.path())
        .env("XDG_STATE_HOME", lab.path().join("mine"));
    Said::of(command.output().unwrap()).answer();
    let own = fs::read_dir(lab.path()).unwrap().flatten();
    let own: Vec<_> = own.map(|entry| entry.file_name()).collect();
    assert_eq!(own.len(), 1, "the user's directory and no other: {own:?}");
}

#[test]
fn the_command_line_beats_the_variables() {
    let lab = Lab::new();
    let dir = lab.path().join("elsewhere");
    let dir = dir.to_str().unwrap();
    let there = ["--dir", dir];
    let mut args = vec!["acquire", "db", "--until-release"];
    args.extend(there);
    assert_eq!(lab.run(&args).answer(), "db-0\n");
    // Here it is free, there it is not.
    assert_eq!(
        lab.run(&["run", "db", "--", "echo", "{name}"]).answer(),
        "db-0\n"
    );
    lab.run(&["try-acquire", "db", "--name", "db-0", "--dir", "elsewhere"])
        .fails(75, "in use");
    lab.run(&["release", "--force", "db", "db-0", "--dir", dir])
        .answer();
    lab.run(&["run", "db", "--dir", dir, "--scope", "user", "--", "true"])
        .fails(2, "cannot be used with");
}

#[test]
fn a_state_directory_that_cannot_be_used_is_named() {
    let lab = Lab::new();
    fs::write(lab.path().join("file"), "").unwrap();
    for command in ["acquire", "try-hold"] {
        let said = lab.run(&[command, "db", "--dir", "file"]);
        said.fails(1, "file");
    }
}

#[test]
fn what_to_write_is_said_where_it_would_be_read() {
    for (manifest, there) in [
        (
            Some("[workspace]\n"),
            "or set `wait_timeout` under [workspace.metadata.name-manager.pools.db] in Cargo.toml, or NAME_MANAGER",
        ),
        (
            Some("[package]\nname = \"shop\"\n"),
            "or set `wait_timeout` under [package.metadata.name-manager.pools.db] in Cargo.toml, or NAME_MANAGER",
        ),
        (None, "or set NAME_MANAGER_WAIT_TIMEOUT"),
    ] {
        let lab = Lab::new();
        if let Some(manifest) = manifest {
            fs::write(lab.path().join("Cargo.toml"), manifest).unwrap();
        }
        lab.run(&["acquire", "db", "--until-release"]).answer();
        let waiter = [
            "run",
            "db",
            "--name",
            "db-0",
            "--timeout",
            "1ms",
            "--",
            "true",
        ];
        lab.run(&waiter).fails(124, there);
    }
}

#[test]
fn a_variable_that_may_be_meant_for_an_unbounded_pool_is_named() {
    for wrong in ["BD", "DDB", "DATABASE"] {
        let lab = Lab::new();
        let run = |pool: &str| {
            let mut command = lab.cli(&["run", pool, "--", "true"]);
            command.env(format!("NAME_MANAGER_POOL_{wrong}_MAX"), "2");
            Said::of(command.output().unwrap())
        };
        let said = run("db");
        assert_eq!(said.code, 0, "{said:?}");
        for part in [
            format!("NAME_MANAGER_POOL_{wrong}_MAX is about a pool"),
            "write NAME_MANAGER_POOL_DB_MAX".to_owned(),
        ] {
            assert!(said.err.contains(&part), "{said:?}");
        }
    }
    // Of a pool that somebody uses, it is not.
    let lab = Lab::new();
    let run = |pool: &str| {
        let mut command = lab.cli(&["run", pool, "--", "true"]);
        command.env("NAME_MANAGER_POOL_WEB_MAX", "2");
        Said::of(command.output().unwrap())
    };
    run("web").answer();
    run("db").answer();
}
