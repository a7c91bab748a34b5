//! The commands of `docs/nextest.md`.

use crate::command::Command;
use crate::workspace::Note;
use crate::{page, workspace};

#[test]
fn the_commands_on_the_page_work_as_written() {
    let Some(workspace) = workspace() else { return };
    let commands = page::commands("docs/nextest.md");
    let [run, write, check] = &commands[..] else {
        panic!("{commands:?}")
    };
    let shell = |line: &str| workspace.noted(Command::shell(workspace.root(), line));

    shell(&run.0).finish().success();
    let with_groups = workspace.notes();
    let in_a_group = |note: &Note| note.group.starts_with("@tool:name-manager:");
    assert!(with_groups.values().any(in_a_group), "{with_groups:?}");
    // The command that it says it becomes has the same tests.
    let (_, becomes) = run.0.split_once("# ").unwrap();
    shell(becomes).finish().success();
    assert!(workspace.notes().keys().eq(with_groups.keys()));

    assert!(!workspace.config().exists());
    shell(&check.0).finish().failure(1);
    shell(&write.0).finish().success();
    let written = workspace.read_config();
    assert!(written.contains("# name-manager begin"), "{written}");
    assert!(written.contains("# name-manager end"), "{written}");
    shell(&check.0).finish().success();
}
