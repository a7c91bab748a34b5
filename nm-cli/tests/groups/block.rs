use crate::workspace;

const MINE: &str =
    "# Mine.\n[profile.ci]\n  retries=1   # once\n\n[profile.default]\nfail-fast = false\n";

#[test]
fn plain_nextest_has_the_groups_that_were_written() {
    let Some(workspace) = workspace() else { return };
    workspace.write_config(MINE);
    let checked = workspace
        .name_manager(&["nextest", "--check"])
        .finish()
        .failure(1);
    assert!(checked.stdout.contains("+max-threads = 2\n"), "{checked}");
    assert!(
        checked.stderr.contains("name-manager nextest --write"),
        "{checked}"
    );
    assert_eq!(workspace.read_config(), MINE, "checking changes nothing");

    workspace
        .name_manager(&["nextest", "--write"])
        .finish()
        .success();
    let written = workspace.read_config();
    assert!(written.starts_with(MINE));
    // How many run at once, its allocator decides: what need not wait comes before.
    let rules = written.split("[[profile.default.overrides]]");
    let late: Vec<_> = rules
        .filter(|rule| rule.contains("priority = -10"))
        .collect();
    assert_eq!(late.len(), 1, "{written}");
    assert!(late[0].contains("allocated"), "{written}");
    workspace
        .name_manager(&["nextest", "--check"])
        .finish()
        .success();
    workspace.cargo(&["nextest", "run"]).finish().success();
    let limited = workspace.tests_in("name-manager-db");
    assert_eq!(limited.len(), 13, "{limited:?}");

    // Binaries of which only some are built.
    workspace
        .cargo(&["nextest", "run", "-p", "plain"])
        .finish()
        .success();
}

#[test]
fn writing_again_after_a_run_changes_nothing() {
    let Some(workspace) = workspace() else { return };
    workspace
        .name_manager(&["nextest", "--write"])
        .finish()
        .success();
    let written = workspace.read_config();
    workspace.name_manager(&["nextest"]).finish().success();
    workspace
        .name_manager(&["nextest", "--write"])
        .finish()
        .success();
    assert_eq!(workspace.read_config(), written);
}

#[test]
fn edits_by_hand_are_shown_and_replaced_and_all_else_is_kept() {
    let Some(workspace) = workspace() else { return };
    workspace.write_config(&MINE.replace('\n', "\r\n"));
    workspace
        .name_manager(&["nextest", "--write"])
        .finish()
        .success();
    let written = workspace.read_config();
    assert!(written.starts_with(&MINE.replace('\n', "\r\n")));
    assert_eq!(
        written.matches('\n').count(),
        written.matches("\r\n").count()
    );

    workspace.write_config(&written.replace("max-threads = 2", "max-threads = 5"));
    let checked = workspace
        .name_manager(&["nextest", "--check"])
        .finish()
        .failure(1);
    assert!(
        checked
            .stdout
            .contains("-max-threads = 5\\r\n+max-threads = 2\\r\n"),
        "{checked}"
    );
    workspace
        .name_manager(&["nextest", "--write"])
        .finish()
        .success();
    assert_eq!(workspace.read_config(), written);
}

#[test]
fn a_block_that_is_out_of_date_does_not_reach_the_run() {
    let Some(workspace) = workspace() else { return };
    workspace.write_config(MINE);
    workspace
        .name_manager(&["nextest", "--write"])
        .finish()
        .success();
    // A binary that is gone, which nextest refuses.
    let stale = workspace
        .read_config()
        .replace("binary_id(=stock::db)", "binary_id(=stock::gone)");
    workspace.write_config(&stale);
    workspace
        .cargo(&["nextest", "run", "-p", "stock"])
        .finish()
        .failure(96);
    workspace
        .name_manager(&["nextest", "-p", "stock"])
        .finish()
        .success();
    assert_eq!(workspace.tests_in("@tool:name-manager:db").len(), 3);
    assert_eq!(workspace.read_config(), stale);
    workspace
        .name_manager(&["nextest", "--write"])
        .finish()
        .success();
    workspace
        .name_manager(&["nextest", "--check"])
        .finish()
        .success();
}

#[test]
fn a_merge_that_was_not_finished_is_left_to_the_user() {
    let Some(workspace) = workspace() else { return };
    workspace
        .name_manager(&["nextest", "--write", "-p", "stock"])
        .finish()
        .success();
    let written = workspace.read_config();
    let begin = written.lines().next().unwrap();
    let merged = written.replacen(
        begin,
        &format!("{begin}\n<<<<<<< HEAD\n=======\n>>>>>>> theirs"),
        1,
    );
    workspace.write_config(&merged);
    for option in ["--write", "--check"] {
        let refused = workspace
            .name_manager(&["nextest", option, "-p", "stock"])
            .finish();
        assert_ne!(refused.code, Some(0), "{refused}");
        assert!(
            refused
                .stderr
                .contains("nextest.toml:2: `<<<<<<<` is left over from a merge"),
            "{refused}"
        );
        assert_eq!(workspace.read_config(), merged);
    }
}

#[test]
fn what_cannot_stand_beside_the_groups_is_named() {
    let Some(workspace) = workspace() else { return };
    let mine = "[profile.default]\noverrides = []\n";
    workspace.write_config(mine);
    let refused = workspace
        .name_manager(&["nextest", "--write", "-p", "stock"])
        .finish()
        .failure(2);
    assert!(
        refused.stderr.contains("conflicts with the groups"),
        "{refused}"
    );
    assert_eq!(workspace.read_config(), mine);
}
