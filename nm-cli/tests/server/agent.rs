//! The hidden command behind pools of a server.

use serde_json::Value;

use crate::door::Door;
use crate::lab::Lab;

#[test]
fn the_agent_is_in_no_list_of_commands() {
    let lab = Lab::new();
    let help = lab.run(&["--help"]).answer();
    assert!(help.contains("\n  server "), "{help}");
    assert!(!help.contains("\n  agent"), "{help}");
}

#[test]
fn an_agent_that_cannot_serve_tells_who_has_started_it() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().to_str().unwrap();
    let said = Door::to("none").run(&["agent", "--dir", dir]);
    assert_eq!(said.code, 2, "{said:?}");
    let told: Value = serde_json::from_str(said.out.trim_end()).unwrap();
    assert_eq!(told["refused"]["kind"], "config", "{said:?}");
    let message = told["refused"]["message"].as_str().unwrap();
    assert!(
        message.contains("NAME_MANAGER_SERVER is `none`"),
        "{said:?}"
    );
}
