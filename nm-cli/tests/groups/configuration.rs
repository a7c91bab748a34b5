use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::workspace;

#[test]
fn the_users_own_configuration_has_the_last_word() {
    let Some(workspace) = workspace() else { return };
    workspace.write_config(
        "[test-groups]\nmine = { max-threads = 1 }\n\n[[profile.default.overrides]]\nfilter = 'package(stock) & test(=a)'\ntest-group = 'mine'\n\n[[profile.default.overrides]]\nfilter = 'package(stock)'\npriority = 7\n",
    );
    workspace
        .name_manager(&["nextest", "-p", "stock"])
        .finish()
        .success();
    let notes = workspace.notes();
    assert_eq!(notes["stock::db a"].group, "mine");
    // Setting by setting: this one says nothing of groups.
    assert_eq!(notes["stock::db fails_once"].group, "@tool:name-manager:db");
}

#[test]
fn the_environment_says_how_large_the_groups_are() {
    let Some(workspace) = workspace() else { return };
    workspace
        .name_manager(&["nextest", "-p", "stock", "-j4"])
        .env("NAME_MANAGER_POOL_DB_MAX", "1")
        .finish()
        .success();
    let notes = workspace.notes();
    assert!(notes.values().all(|note| note.slot == "0"), "{notes:#?}");
}

#[test]
fn a_pool_that_cannot_be_used_is_named_and_not_grouped() {
    let Some(workspace) = workspace() else { return };
    let ran = workspace
        .name_manager(&["nextest", "-p", "stock", "--no-fail-fast"])
        .env("NAME_MANAGER_POOL_DB_MAX", "none")
        .finish()
        .failure(100);
    let said =
        "name-manager: tests of pool `db` are not grouped: variable NAME_MANAGER_POOL_DB_MAX";
    assert!(ran.stderr.contains(said), "{ran}");
    let written = workspace
        .name_manager(&["nextest", "--write", "-p", "stock"])
        .env("NAME_MANAGER_POOL_DB_MAX", "none")
        .finish()
        .failure(2);
    assert!(
        written.stderr.contains("pool `db` cannot be used"),
        "{written}"
    );
    assert!(!workspace.config().exists());
}

/// As in a checkout that is mounted read-only.
#[test]
fn what_nextest_reads_is_in_the_state_directory_for_its_user_alone() {
    let Some(workspace) = workspace() else { return };
    fs::write(workspace.root().join(".name-manager"), "no directory").unwrap();
    let state = tempfile::tempdir().unwrap();
    let dir = state.path().join("state");
    let plain = ["nextest", "-p", "stock", "-E", "test(=a)"];
    let said = workspace.name_manager(&plain).finish().failure(1);
    for part in ["failed to write `", "set NAME_MANAGER_DIR"] {
        assert!(said.stderr.contains(part), "{part}: {said}");
    }
    let run = workspace.name_manager(&plain).umask("0");
    run.env("NAME_MANAGER_DIR", &dir).finish().success();
    fs::remove_file(workspace.root().join(".name-manager")).unwrap();
    let mut seen = Vec::new();
    let mut dirs = vec![dir.clone()];
    while let Some(dir) = dirs.pop() {
        let mode = fs::metadata(&dir).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700, "{}", dir.display());
        for entry in fs::read_dir(dir).unwrap().flatten() {
            match entry.file_type().unwrap().is_dir() {
                true => dirs.push(entry.path()),
                false => {
                    let mode = entry.metadata().unwrap().permissions().mode();
                    assert_eq!(mode & 0o777, 0o600, "{}", entry.path().display());
                    seen.push(entry.file_name().into_string().unwrap());
                }
            }
        }
    }
    assert!(
        seen.iter().any(|file| file.starts_with("groups-")),
        "{seen:?}"
    );
}
