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
