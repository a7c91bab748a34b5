//! `name-manager.toml`, and `init`, which writes one.

use std::fs;
use std::path::Path;

use crate::lab::{Lab, Said};

const TWO: &str = "[pools.db]\nnames = [\"left\", \"right\"]\nenv = { URL = \"db:{name}\" }\n";

fn run_in(lab: &Lab, dir: &str, args: &[&str]) -> Said {
    let dir = lab.path().join(dir);
    fs::create_dir_all(&dir).unwrap();
    let mut command = lab.cli(args);
    let command = command.env_remove("NAME_MANAGER_DIR").current_dir(dir);
    // Nothing may get into the user's own directory.
    let command = command.env("HOME", lab.path().join("home"));
    Said::of(command.output().unwrap())
}

fn write(lab: &Lab, path: &str, text: &str) {
    let path = lab.path().join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

#[track_caller]
fn refused(said: &Said, parts: &[&str]) {
    assert_eq!(said.code, 2, "{said:?}");
    for part in parts {
        assert!(said.err.contains(part), "{part}: {said:?}");
    }
}

#[test]
fn it_is_found_from_below_and_state_is_beside_it() {
    let lab = Lab::new();
    write(&lab, "shop/name-manager.toml", TWO);
    let said = run_in(
        &lab,
        "shop/web/src",
        &["run", "db", "--", "sh", "-c", "echo {name} $URL"],
    );
    assert_eq!(said.answer(), "left db:left\n");
    assert!(lab.path().join("shop/.name-manager/pools/db").is_dir());
    // The nearest counts, and another checkout has pools of its own.
    write(&lab, "shop/web/name-manager.toml", "[pools.db]\nmax = 1\n");
    let said = run_in(&lab, "shop/web/src", &["run", "db", "--", "echo", "{name}"]);
    assert_eq!(said.answer(), "db-0\n");
    assert!(lab.path().join("shop/web/.name-manager").is_dir());
    assert!(!lab.path().join("home").exists());
}

#[test]
fn what_is_above_the_repository_is_about_something_else() {
    let lab = Lab::new();
    write(&lab, "name-manager.toml", TWO);
    write(&lab, "shop/.git/HEAD", "ref: refs/heads/main\n");
    run_in(&lab, "shop/src", &["list", "db"]).fails(69, "db");
    write(&lab, "shop/name-manager.toml", TWO);
    let said = run_in(&lab, "shop/src", &["run", "db", "--", "echo", "{name}"]);
    assert_eq!(said.answer(), "left\n");
    assert!(lab.path().join("shop/.name-manager").is_dir());
}

#[test]
fn scope_repository_is_in_its_git_directory() {
    let lab = Lab::new();
    write(&lab, "shop/.git/HEAD", "ref: refs/heads/main\n");
    write(
        &lab,
        "shop/name-manager.toml",
        "[pools.db]\nmax = 1\nscope = \"repository\"\n",
    );
    run_in(&lab, "shop/src", &["run", "db", "--", "true"]).answer();
    assert!(lab.path().join("shop/.git/name-manager/pools/db").is_dir());
    let said = run_in(&lab, "shop/src", &["doctor"]);
    let why = "set for pool `db` in name-manager.toml";
    assert!(said.out.contains(why), "{said:?}");
}

#[test]
fn a_cargo_workspace_has_one_of_the_two() {
    let lab = Lab::new();
    write(&lab, "shop/name-manager.toml", TWO);
    write(
        &lab,
        "shop/engine/Cargo.toml",
        "[package]\nname = \"engine\"\n",
    );
    let echo = ["run", "db", "--", "echo", "{name}"];
    // Its package is part of the larger project.
    assert_eq!(run_in(&lab, "shop/engine/src", &echo).answer(), "left\n");
    assert!(!lab.path().join("shop/engine/.name-manager").exists());

    write(
        &lab,
        "shop/Cargo.toml",
        "[workspace]\nmembers = [\"engine\"]\n",
    );
    assert_eq!(run_in(&lab, "shop/engine", &echo).answer(), "left\n");
    let table = "metadata.name-manager.pools.db]\nmax = 2\n";
    write(
        &lab,
        "shop/Cargo.toml",
        &format!("[workspace]\n[workspace.{table}"),
    );
    for dir in ["shop", "shop/engine", "shop/web"] {
        let said = run_in(&lab, dir, &echo);
        let places = ["shop/Cargo.toml:2:21", "shop/name-manager.toml", "keep one"];
        refused(&said, &places);
    }
    write(&lab, "shop/Cargo.toml", "[workspace]\n");
    write(
        &lab,
        "shop/engine/Cargo.toml",
        &format!("[package]\nname = \"engine\"\n[package.{table}"),
    );
    let said = run_in(&lab, "shop/engine", &echo);
    let told = "move them to `[pools]` in";
    refused(&said, &["shop/engine/Cargo.toml:3:19", told]);

    write(
        &lab,
        "shop/engine/Cargo.toml",
        "[package]\nname = \"engine\"\n",
    );
    fs::rename(
        lab.path().join("shop/name-manager.toml"),
        lab.path().join("shop/engine/name-manager.toml"),
    )
    .unwrap();
    run_in(&lab, "shop/engine", &echo).fails(2, "move it to");

    // A member that is elsewhere.
    write(
        &lab,
        "elsewhere/Cargo.toml",
        "[package]\nname = \"elsewhere\"\nworkspace = \"../shop\"\n",
    );
    write(&lab, "elsewhere/name-manager.toml", "[pools.db]\nmax = 2\n");
    run_in(&lab, "elsewhere", &echo)
        .fails(2, "elsewhere/name-manager.toml`: pools are configured once");
}

#[test]
fn a_pool_whose_name_is_misspelt_is_refused_until_it_is_known() {
    let lab = Lab::new();
    write(&lab, "name-manager.toml", "[pools.db]\nmax = 1\n");
    let commands: [&[&str]; 4] = [
        &["run", "dbb", "--", "true"],
        &["acquire", "dbb", "--until-release"],
        &["hold", "dbb"],
        &["try-hold", "dbb"],
    ];
    for args in commands {
        let said = run_in(&lab, ".", args);
        let expected = "name-manager: pool `dbb` is neither configured nor used, and nothing would limit it; is `db` meant, which `name-manager.toml` configures? If not, give `dbb` a table there too, which may be empty, or set NAME_MANAGER_POOL_DBB_MAX\n";
        assert_eq!((said.code, said.err.as_str()), (2, expected), "{args:?}");
    }
    assert!(!lab.path().join(".name-manager/pools/dbb").exists());
    // One that is not like it needs no table.
    run_in(&lab, ".", &["run", "mail", "--", "true"]).answer();
    let mut sized = lab.cli(&["run", "dbb", "--", "true"]);
    sized
        .env_remove("NAME_MANAGER_DIR")
        .env("NAME_MANAGER_POOL_DBB_MAX", "1");
    Said::of(sized.output().unwrap()).answer();
    // Whoever has used it meant it.
    let said = run_in(&lab, ".", &["run", "dbb", "--", "true"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.err.contains("is one of the two misspelt?"), "{said:?}");
}

#[test]
fn a_mistake_in_it_is_told_with_its_place_and_what_to_write() {
    for (text, place, told) in [
        (
            "[pools.db]\nmax = 0\n",
            "2:7",
            "`max` must be a whole number",
        ),
        ("[pool.db]\nmax = 1\n", "1:2", "did you mean `pools`?"),
        ("\n[workspace]\n", "2:2", "is `[pools.db]` here"),
        (
            "[pools.db.hooks]\ninti = \"x\"\n",
            "2:1",
            "did you mean `init`?",
        ),
        ("[pools\n", "1:", "not TOML"),
    ] {
        let lab = Lab::new();
        write(&lab, "name-manager.toml", text);
        let said = run_in(&lab, "src", &["run", "db", "--", "true"]);
        refused(&said, &[told, &format!("name-manager.toml:{place}")]);
    }
    // Which pool a message means to be configured there.
    let lab = Lab::new();
    write(&lab, "name-manager.toml", "[pools.db]\nmax = 1\n");
    run_in(&lab, "", &["acquire", "db", "--until-release"]).answer();
    run_in(&lab, "", &["acquire", "db", "--timeout", "1ms"]).fails(
        124,
        "set `wait_timeout` under [pools.db] in name-manager.toml,",
    );
    run_in(&lab, "", &["release", "--force", "db", "db-0"]).answer();
}

#[test]
fn init_writes_a_file_that_can_be_used_at_once() {
    let lab = Lab::new();
    let said = run_in(&lab, "shop", &["init"]);
    let path = lab.path().join("shop/name-manager.toml");
    assert_eq!(Path::new(said.out.trim_end()), path);
    assert!(said.err.contains("this directory"), "{said:?}");
    let said = run_in(&lab, "shop/src", &["run", "db", "--", "echo", "{name}"]);
    assert_eq!(said.answer(), "db-0\n");

    // Everything in it that is commented out is right, too.
    let text = fs::read_to_string(&path).unwrap();
    let offered = |line: &str| {
        let line = line.strip_prefix("# ")?;
        (line.contains(" = ") || line.starts_with('[')).then(|| line.to_owned())
    };
    assert!(text.lines().filter_map(offered).count() > 8, "{text}");
    let all = text
        .lines()
        .map(|line| offered(line).unwrap_or_else(|| line.to_owned()));
    let all: Vec<_> = all.collect();
    fs::write(&path, all.join("\n")).unwrap();
    write(&lab, "shop/.git/HEAD", "ref: refs/heads/main\n");
    let said = run_in(&lab, "shop", &["status", "--json"]).answer();
    assert!(said.contains("app_test_0"), "{said}");
}

#[test]
fn init_touches_nothing_that_is_there() {
    let lab = Lab::new();
    write(&lab, "shop/name-manager.toml", TWO);
    for dir in ["shop", "shop/web"] {
        let said = run_in(&lab, dir, &["init"]);
        said.fails(
            1,
            "shop/name-manager.toml` configures the pools here already",
        );
        assert!(!lab.path().join("shop/web/name-manager.toml").exists());
    }
    let kept = fs::read_to_string(lab.path().join("shop/name-manager.toml"));
    assert_eq!(kept.unwrap(), TWO);
}

#[test]
fn init_in_a_cargo_workspace_writes_beside_its_manifest() {
    let lab = Lab::new();
    write(
        &lab,
        "shop/Cargo.toml",
        "[workspace]\nmembers = [\"engine\"]\n",
    );
    write(
        &lab,
        "shop/engine/Cargo.toml",
        "[package]\nname = \"engine\"\n",
    );
    let said = run_in(&lab, "shop/engine/src", &["init"]);
    let path = lab.path().join("shop/name-manager.toml");
    assert_eq!(Path::new(said.out.trim_end()), path);
    assert!(
        said.err.contains("beside the Cargo.toml of the workspace"),
        "{said:?}"
    );
    fs::remove_file(&path).unwrap();

    let pools = "[workspace]\n[workspace.metadata.name-manager.pools.db]\n";
    write(&lab, "shop/Cargo.toml", pools);
    run_in(&lab, "shop", &["init"]).fails(1, "Cargo.toml:2:21 already; to have them in");
    assert!(!path.exists());
}
