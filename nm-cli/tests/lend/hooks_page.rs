//! The tables and the script of `docs/hooks.md`.

use std::fs;

use crate::lab::{Lab, Said};
use crate::page;

const PAGE: &str = "docs/hooks.md";

#[test]
fn what_the_page_configures_is_accepted_and_its_script_has_one_stack() {
    let tables = page::written_in("toml", PAGE);
    let scripts = page::written_in("sh", PAGE);
    assert_eq!((tables.len(), scripts.len()), (1, 1));
    // Shells in place of docker and of the suites.
    let table = tables[0]
        .replace("docker compose", "echo compose >>told;: ")
        .replace("./truncate.sh", "echo reset >>told;: ");
    let lab = Lab::new();
    fs::write(
        lab.path().join("Cargo.toml"),
        "[workspace]\n".to_owned() + &table,
    )
    .unwrap();
    let suite = "echo $SHOP_URL >>told";
    let script = ["./smoke.sh", "./orders.sh"]
        .iter()
        .fold(scripts[0].clone(), |script, name| {
            script.replace(name, "./suite.sh")
        });
    let script = script.replace("cargo test", "name-manager run stack -- ./suite.sh");
    fs::write(lab.path().join("suite.sh"), format!("#!/bin/sh\n{suite}\n")).unwrap();
    let mut command = lab.program("sh");
    // So far below `cargo`, which has started this test, that the run is not its.
    let apart = r#""$@"; exit $?"#;
    command.args(["-c", apart, "sh"]);
    for _ in 0..4 {
        command.args(["sh", "-c", apart, "sh"]);
    }
    command.args(["sh", "-c", &format!("chmod +x suite.sh; {script}")]);
    assert_eq!(Said::of(command.output().unwrap()).answer(), "");
    let told = fs::read_to_string(lab.path().join("told")).unwrap();
    let url = "http://localhost:8080";
    let told: Vec<_> = told.lines().collect();
    assert_eq!(
        told,
        ["compose", url, "reset", url, "reset", url, "compose"]
    );
}
