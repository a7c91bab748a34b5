//! Which workspace a test belongs to, however it is started.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use crate::command::{Command, has_nextest};
use crate::place;
use crate::project::{Project, package};

/// A workspace with a package at its root, a member, one it leaves out, one
/// that points to it from beside it; and a package in no workspace.
fn project() -> MutexGuard<'static, Project> {
    static PROJECT: LazyLock<Mutex<Project>> = LazyLock::new(|| {
        let test =
            "#[name_manager::shared_resource(pool = \"here\", max = 1)]\n#[test]\nfn here() {}\n";
        let workspace =
            "\n[workspace]\nmembers = [\"member\", \"../pointing\"]\nexclude = [\"apart\"]\n";
        let pointing = package("pointing").replace("publish", "workspace = \"../ws\"\npublish");
        let packages = [
            ("ws", package("top") + workspace),
            ("ws/member", package("member")),
            ("ws/apart", package("apart")),
            ("pointing", pointing),
            ("lone", package("lone")),
        ];
        let files: Vec<_> = packages
            .into_iter()
            .flat_map(|(dir, manifest)| {
                [
                    (format!("{dir}/Cargo.toml"), manifest),
                    (format!("{dir}/src/lib.rs"), String::new()),
                    (format!("{dir}/tests/here.rs"), test.to_owned()),
                ]
            })
            .collect();
        let files: Vec<_> = files
            .iter()
            .map(|(path, text)| (path.as_str(), text.clone()))
            .collect();
        Mutex::new(Project::new("discovery", &files))
    });
    PROJECT.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where below this there is state now, relative to it; removes all of it.
fn take_states(project: &Project) -> BTreeSet<String> {
    let mut states = BTreeSet::new();
    let mut dirs = vec![project.root().to_owned()];
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(&dir).unwrap() {
            let path = entry.unwrap().path();
            if path.ends_with(".name-manager") {
                assert!(path.join("pools/here/journal.jsonl").is_file());
                fs::remove_dir_all(&path).unwrap();
                let root = dir.strip_prefix(project.root()).unwrap();
                states.insert(root.display().to_string());
            } else if path.is_dir() {
                dirs.push(path);
            }
        }
    }
    states
}

#[track_caller]
fn expect(project: &Project, roots: &[&str]) {
    assert_eq!(Vec::from_iter(take_states(project)), roots);
}

fn cargo(project: &Project, dir: &str, args: &[&str]) {
    let run = Command::cargo(&project.path(dir)).args(args).finish();
    run.success().says(&["1 passed"]);
}

fn binary(project: &Project, dir: &str) -> PathBuf {
    let built = Command::cargo(&project.path(dir)).args(&["test", "--no-run"]);
    crate::project::find_binary(&built.finish().success(), "tests/here.rs")
}

#[test]
fn cargo_test_from_every_package() {
    let project = project();
    take_states(&project);
    for (dir, root) in [
        ("ws", "ws"),
        ("ws/member", "ws"),
        ("ws/member/src", "ws"),
        ("pointing", "ws"),
        ("ws/apart", "ws/apart"),
        ("lone", "lone"),
    ] {
        cargo(&project, dir, &["test"]);
        expect(&project, &[root]);
    }
    cargo(
        &project,
        "lone",
        &["test", "--manifest-path", "../ws/member/Cargo.toml"],
    );
    expect(&project, &["ws"]);
}

#[test]
fn a_binary_started_by_hand_finds_the_workspace_it_was_built_in() {
    let project = project();
    take_states(&project);
    for (package, root) in [
        ("ws/member", "ws"),
        ("ws/apart", "ws/apart"),
        ("lone", "lone"),
    ] {
        let binary = binary(&project, package);
        for dir in [
            Path::new("/"),
            &project.path("lone"),
            &project.path("ws/member"),
        ] {
            Command::new(&binary, dir).finish().success();
            expect(&project, &[root]);
        }
    }
}

#[test]
fn nextest_in_the_workspace_and_from_an_archive_elsewhere() {
    if !has_nextest() {
        return;
    }
    let project = project();
    take_states(&project);
    cargo(&project, "ws/member", &["nextest", "run"]);
    expect(&project, &["ws"]);

    let archive = place::target().join("member.tar.zst");
    let file = archive.to_str().unwrap();
    let made = ["nextest", "archive", "-p", "member", "--archive-file", file];
    let made = Command::cargo(&project.path("ws")).args(&made);
    made.finish().success();
    // Another checkout: first beside the one that was built, then without it.
    let (built, away) = (project.path("ws"), project.path("away"));
    let checkout = project.path("checkout");
    copy(&built, &checkout);
    let remap = checkout.to_str().unwrap();
    let run = [
        "nextest",
        "run",
        "--archive-file",
        file,
        "--workspace-remap",
        remap,
    ];
    let run = || Command::cargo(Path::new("/")).args(&run).finish();
    let beside = run();
    let states = take_states(&project);
    fs::rename(&built, &away).unwrap();
    let without = run();
    fs::rename(&away, &built).unwrap();
    beside.success().says(&["1 passed"]);
    assert_eq!(Vec::from_iter(states), ["checkout"]);
    without.success().says(&["1 passed"]);
    expect(&project, &["checkout"]);
    fs::remove_dir_all(checkout).unwrap();
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let from = entry.unwrap().path();
        let to = to.join(from.file_name().unwrap());
        match from.is_dir() {
            true => copy(&from, &to),
            false => drop(fs::copy(&from, &to).unwrap()),
        }
    }
}

#[test]
fn a_member_configures_no_pools() {
    let project = project();
    let refuses = |dir: &str| {
        let path = format!("{dir}/Cargo.toml");
        let binary = binary(&project, dir);
        let own = fs::read_to_string(project.path(&path)).unwrap();
        let lines = own.lines().count();
        let metadata = "[package.metadata.name-manager.pools.here]\nmax = 2\n";
        project.rewrite(&path, &format!("{own}{metadata}"));
        let run = Command::new(&binary, Path::new("/")).finish();
        project.rewrite(&path, &own);
        run.failure().says(&[
            &format!(
                "{}:{}:19: pools are configured once for the workspace",
                project.path(&path).display(),
                lines + 1
            ),
            &format!("`{}`", project.path("ws/Cargo.toml").display()),
        ]);
    };
    refuses("ws/member");
    refuses("pointing");
    take_states(&project);
}
