use std::path::Path;

use crate::lab::{Lab, Said};

#[test]
fn the_help_says_what_every_code_means() {
    let help = Lab::new().run(&["--help"]).answer();
    for code in [
        "0 ", "1 ", "2 ", "69", "75", "76", "77", "124", "126", "127",
    ] {
        assert!(help.contains(&format!("\n  {code}")), "{code}: {help}");
    }
}

#[test]
fn completions_and_manual_pages_are_there() {
    let lab = Lab::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let text = lab.run(&["completions", shell]).answer();
        assert!(text.contains("keep-alive"), "{shell}");
        assert!(!text.contains("token-value"), "{shell}");
    }
    assert!(lab.run(&["man"]).answer().starts_with(".ie"));
    assert!(lab.run(&["man", "acquire"]).answer().contains("ttl"));
    lab.run(&["man", "nope"]).fails(2, "no subcommand `nope`");
    let sourced = lab.shell(
        "bash",
        "set -e; eval \"$(name-manager completions bash)\"; complete -p name-manager",
    );
    assert!(sourced.answer().contains("name-manager"));
}

#[test]
fn an_unknown_option_is_no_value_of_a_pool() {
    let lab = Lab::new();
    for line in [
        "status --pool db",
        "stats --pool db",
        "hold --pool db",
        "run --pool db -- true",
        "release --pool db db-0",
    ] {
        let said = lab.run(&line.split(' ').collect::<Vec<_>>());
        assert!(
            said.err.contains("tip: write the pool without `--pool`"),
            "{said:?}"
        );
        said.fails(2, "unexpected argument '--pool' found");
    }
    let said = lab.run(&["status", "--runn", "last"]);
    assert!(!said.err.contains("as a value"), "{said:?}");
    said.fails(2, "unexpected argument '--runn' found");
    lab.run(&["log", "db"]).fails(2, "tip: write `--pool db`");
    lab.run(&["log", "--pools", "db"]).fails(2, "'--pool'");
}

#[test]
fn bash_completes_what_follows_a_subcommand() {
    let complete = r#"eval "$(name-manager completions bash)"
complete() {
    COMP_WORDS=("$@")
    COMP_CWORD=$(($# - 1))
    COMPREPLY=()
    $function "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
    echo "${COMPREPLY[@]}"
}
function=$(builtin complete -p name-manager | sed 's/.*-F \([^ ]*\).*/\1/')
complete"#;
    for (line, offered) in [
        ("name-manager lo", "log"),
        ("name-manager log --ki", "--kind"),
        ("name-manager keep-alive --tt", "--ttl"),
        ("name-manager try-acquire db --unt", "--until-release"),
        ("name-manager run db --fo", "--for"),
        ("name-manager completions ba", "bash"),
        ("/usr/bin/name-manager stats --ru", "--run"),
    ] {
        let said = Lab::new().shell("bash", &format!("{complete} {line}"));
        assert_eq!(said.answer().trim(), offered, "{line}");
    }
}

#[test]
fn a_reader_that_leaves_causes_no_panic() {
    let lab = Lab::new();
    lab.run(&["run", "db", "--count", "50", "--", "true"])
        .answer();
    for command in ["--help", "man", "completions bash", "list", "reset db"] {
        let script = format!("name-manager {command} | true; name-manager {command} >&-");
        let said = lab.shell("bash", &script);
        assert!(!said.err.contains("panicked"), "{command}: {}", said.err);
    }
}

#[test]
fn cargo_finds_it() {
    let lab = Lab::new();
    let cargo = Path::new(env!("CARGO_BIN_EXE_cargo-name-manager"));
    let mut command = lab.program(cargo.to_str().unwrap());
    command.args(["name-manager", "run", "db", "--", "echo", "{name}"]);
    assert_eq!(Said::of(command.output().unwrap()).answer(), "db-0\n");
}
