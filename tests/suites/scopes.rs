//! Who shares a pool: where its state lives.

use std::fs;
use std::path::Path;

use crate::command::Command;
use crate::configuration::configured;
use crate::executable;
use crate::history::History;
use crate::project::{Project, alone};

fn leases(state_dir: &Path, pool: &str) -> usize {
    History::read(&state_dir.join("pools").join(pool))
        .lent()
        .len()
}

#[test]
fn a_directory_of_ones_own() {
    let app = configured();
    let root = app.project.root().to_owned();
    app.with_pool("bare", "dir = \"shared/state\"");
    app.run("bare", &[]).success();
    assert_eq!(leases(&root.join("shared/state"), "bare"), 1);
    // The variable beats it, and counts from the workspace, not from `app`.
    app.run("bare", &[("NAME_MANAGER_DIR", "elsewhere")])
        .success();
    assert_eq!(leases(&root.join("elsewhere"), "bare"), 1);
    assert_eq!(leases(&root.join("shared/state"), "bare"), 1);
    assert!(!root.join(".name-manager").exists());
    for dir in ["shared", "elsewhere"] {
        fs::remove_dir_all(root.join(dir)).unwrap();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn the_users_directory() {
    let app = configured();
    let state = app.project.path("state-home");
    let in_home = [("XDG_STATE_HOME", state.to_str().unwrap())];
    app.with_pool("bare", "scope = \"user\"");
    app.run("bare", &in_home).success();
    assert_eq!(leases(&state.join("name-manager"), "bare"), 1);
    app.with("");
    let by_variable = [in_home[0], ("NAME_MANAGER_SCOPE", "user")];
    app.run("bare", &by_variable).success();
    assert_eq!(leases(&state.join("name-manager"), "bare"), 2);
    fs::remove_dir_all(state).unwrap();
}

#[test]
fn a_repository_that_is_none() {
    let app = configured();
    app.with_pool("bare", "scope = \"repository\"");
    let root = app.project.root().display().to_string();
    app.run("bare", &[]).failure().says(&[&format!(
        "pool `bare` has scope `repository`, but `{root}` is in no git repository; use scope `workspace` or `user`"
    )]);
}

#[test]
fn git_worktrees_share_a_pool_and_see_none_of_its_files() {
    let test = "#[name_manager::shared_resource(pool = \"db\", max = 1)]\n#[test]\nfn takes() {}\n";
    let scope = "[workspace.metadata.name-manager.pools.db]\nscope = \"repository\"\n";
    let private =
        "#[name_manager::shared_resource(pool = \"own\", max = 1)]\n#[test]\nfn own() {}\n";
    let project = Project::new(
        "worktrees",
        &[
            ("main/Cargo.toml", alone("app") + scope),
            ("main/src/lib.rs", String::new()),
            ("main/tests/takes.rs", format!("{test}\n{private}")),
        ],
    );
    let main = project.path("main");
    let git = |dir: &Path, args: &[&str]| {
        let identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"];
        let git = Command::new("git", dir).args(&identity).args(args);
        git.finish().success()
    };
    git(&main, &["init", "-q"]);
    let cargo_test = |dir: &Path| Command::cargo(dir).arg("test").finish().success();
    cargo_test(&main);
    git(&main, &["add", "."]);
    git(&main, &["commit", "-q", "-m", "a"]);
    git(&main, &["worktree", "add", "-q", "../other"]);
    let other = project.path("other");
    cargo_test(&other);
    let shared = main.join(".git/name-manager");
    assert_eq!(leases(&shared, "db"), 2);
    History::read(&shared.join("pools/db")).check(1);
    for tree in [&main, &other] {
        assert_eq!(leases(&tree.join(".name-manager"), "own"), 1);
        assert_eq!(git(tree, &["status", "--porcelain"]).stdout, "");
    }
    let tracked = git(&main, &["ls-files"]).stdout;
    assert!(!tracked.contains("name-manager"), "{tracked}");
}

#[test]
fn cargo_clean_frees_nothing() {
    let app = configured();
    app.with("");
    // Where cargo would have put it, had the workspace its own target directory.
    let target = app.project.path("target");
    let binary = target
        .join("debug/deps")
        .join(app.binary.file_name().unwrap());
    fs::create_dir_all(binary.parent().unwrap()).unwrap();
    executable::write(&binary, fs::File::open(&app.binary).unwrap());
    let told = app.project.path("told");
    let _ = fs::remove_file(&told);
    let holder = Command::new(&binary, app.project.root()).args(&["--exact", "holder"]);
    let holder = holder.env("SUITE_FILE", &told).start();
    crate::command::wait_until("it is held", || {
        app.project.history("held").lent().len() == 1
    });

    let clean = app
        .project
        .cargo(&["clean"])
        .env("CARGO_TARGET_DIR", &target);
    clean.finish().success();
    assert!(!target.exists());
    let other = app.run("impatient", &[]).failure();
    other.says(&["timed out after 30ms", "held-0 held by `probe::holder`"]);
    fs::write(told, "").unwrap();
    holder.finish().success();
    app.project.history("held").check(1);
}

#[test]
fn a_worktree_whose_repository_is_out_of_reach() {
    let app = configured();
    app.with_pool("bare", "scope = \"repository\"");
    let dot_git = app.project.path(".git");
    let gone = app.project.path("gone/.git/worktrees/app");
    fs::write(&dot_git, format!("gitdir: {}\n", gone.display())).unwrap();
    let leads = format!(
        "`{}` leads to `{}`, which does not exist",
        dot_git.display(),
        gone.display()
    );
    app.run("bare", &[]).failure().says(&[&leads]);
    fs::write(&dot_git, "no pointer").unwrap();
    let expected = "contains \"no pointer\"; expected `gitdir: PATH`";
    app.run("bare", &[]).failure().says(&[expected]);
    fs::remove_file(dot_git).unwrap();
    assert!(!app.project.path("gone").exists());
}
