use crate::lab::Lab;

#[test]
fn numbers_too_large_are_an_error_or_for_ever() {
    for (arguments, code, told) in [
        (&["--count", "4294967295"][..], 2, "4294967295"),
        (&["--count", "4294967296"], 2, "4294967296"),
        (&["--count", "0"], 2, "at least 1"),
        (&["--count", "-1"], 2, "unexpected argument"),
        (&["--ttl", "584542046091y"], 2, "584542046091y"),
        (
            &["--ttl", "99999999999999999999s"],
            2,
            "99999999999999999999s",
        ),
        (&["--ttl", "-1s"], 2, "unexpected argument"),
        (
            &["--timeout", "99999999999999999999s"],
            2,
            "99999999999999999999s",
        ),
        (&["--pid", "0"], 69, "no process"),
        (&["--pid", "4294967295"], 69, "no process"),
    ] {
        let lab = Lab::new();
        let all = [&["acquire", "db"], arguments].concat();
        let mut command = lab.cli(&all);
        command.env("NAME_MANAGER_POOL_DB_MAX", "2");
        let said = crate::lab::Said::of(command.output().unwrap());
        assert_eq!(said.code, code, "{arguments:?}: {said:?}");
        said.fails(code, told);
    }
}

#[test]
fn a_time_to_live_beyond_all_clocks_does_not_end() {
    for ttl in ["584000000000y", "18446744073709551615s", "100y"] {
        let lab = Lab::new();
        let said = lab.run(&["acquire", "db", "--ttl", ttl]);
        if said.code == 2 {
            continue; // more than can be said
        }
        assert_eq!(said.answer(), "db-0\n", "{ttl}");
        let longer = lab.run(&[
            "keep-alive",
            "db",
            "db-0",
            "--ttl",
            ttl,
            "--token",
            "12345678",
        ]);
        assert!(!longer.err.contains("panicked"), "{longer:?}");
        lab.assert_held("db", "db-0");
    }
}

#[test]
fn many_names_of_an_endless_pool_are_an_error_or_are_lent() {
    let lab = Lab::new();
    let mut command = lab.program("sh");
    command.args([
        "-c",
        "ulimit -n 64; name-manager acquire db --count 1000 --timeout 10s --until-release",
    ]);
    let said = crate::lab::Said::of(command.output().unwrap());
    said.fails(1, "ulimit -n");
    // What it had taken by then is free.
    assert_eq!(
        lab.run(&["acquire", "db", "--name", "db-0"]).answer(),
        "db-0\n"
    );
}
