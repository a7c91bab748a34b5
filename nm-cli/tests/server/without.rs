//! A program that was built without pools of a server.

use serde_json::Value;

use crate::lab::Lab;

#[test]
fn every_command_says_how_to_get_them() {
    let lab = Lab::new();
    for args in [&["server", "init", "--lease", "5s"][..], &["server"]] {
        lab.run(args).fails(1, "`cargo install nm-cli`");
    }
    let said = lab.run(&["agent", "--dir", "x"]);
    assert_eq!(said.code, 1, "{said:?}");
    let told: Value = serde_json::from_str(said.out.trim_end()).unwrap();
    assert_eq!(told["refused"]["kind"], "agent", "{said:?}");
}
