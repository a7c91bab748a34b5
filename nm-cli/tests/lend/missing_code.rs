//! Pools with hooks or an allocator, which a command cannot call.

use std::fs;

use crate::lab::Lab;

/// As a test that has it writes it down.
fn has(lab: &Lab, pool: &str, what: &str) {
    let dir = lab.state().join("pools").join(pool);
    lab.run(&["list", pool]);
    fs::create_dir_all(&dir).unwrap();
    let code = r#"{"crate":"testing","place":"testing/src/lib.rs:12"}"#;
    let text = match what {
        "hooks" => format!(r#"{{"v":1,"resource":{code},"allocator":null}}"#),
        _ => format!(r#"{{"v":1,"resource":null,"allocator":{code}}}"#),
    };
    fs::write(dir.join("code.json"), text).unwrap();
}

#[test]
fn a_command_is_told_what_it_cannot_call_and_how_to_go_on() {
    for (what, why) in [
        ("hooks", "neither initialised nor reset"),
        ("allocator", "nobody could say what is free"),
    ] {
        let lab = Lab::new();
        lab.run(&["run", "db", "--", "true"]).answer();
        has(&lab, "db", what);
        let place = format!(
            "pool `db` has {}, at testing/src/lib.rs:12",
            match what {
                "hooks" => what,
                _ => "an allocator",
            }
        );
        for command in [
            &["run", "db", "--", "true"][..],
            &["acquire", "db"],
            &["hold", "db"],
        ] {
            let said = lab.run(command);
            assert!(said.err.contains(&place), "{said:?}");
            assert!(
                said.err.contains("start the command from a test"),
                "{said:?}"
            );
            assert!(!said.err.contains("testing as _"), "{said:?}");
            said.fails(2, why);
        }
        assert_eq!(lab.run(&["reset", "db"]).answer(), "db-0\n");
        assert_eq!(
            lab.run(&["run", "db", "--", "echo", "{name}"]).answer(),
            "db-0\n"
        );
    }
}

#[test]
fn a_pool_is_not_called_unbounded_that_an_allocator_decides_on() {
    let lab = Lab::new();
    lab.run(&["run", "db", "--", "true"]).answer();
    has(&lab, "db", "allocator");
    let status = lab.run(&["status", "db"]).answer();
    assert!(
        status.contains("db: 0 names held, as its allocator decides"),
        "{status}"
    );
    let json = lab.run(&["status", "db", "--json"]).answer();
    assert!(
        json.contains(r#""allocator":"testing/src/lib.rs:12""#),
        "{json}"
    );
    let doctor = lab.run(&["doctor"]).answer();
    assert!(
        doctor.contains("its allocator is at testing/src/lib.rs:12, in crate `testing`"),
        "{doctor}"
    );
}
