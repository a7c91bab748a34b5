use crate::lab::{Lab, VIEWS};
use crate::timeline;

fn plain(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        plain.push_str(before);
        let end = after.find(|c: char| c.is_ascii_alphabetic()).unwrap();
        rest = &after[end + 1..];
    }
    plain + rest
}

#[test]
fn twenty_columns_are_enough_to_say_something() {
    let lab = Lab::new();
    timeline::write(&lab);
    for columns in [1, 20, 80] {
        for view in VIEWS {
            let said = lab.in_terminal(columns, &format!("name-manager {view}"));
            assert_eq!(said.code, 0, "{view} {said:?}");
            assert!(!said.out.contains("panicked"), "{view} {said:?}");
            let text = plain(&said.out);
            let longest = text
                .lines()
                .map(|line| line.trim_end_matches('\r').chars().count());
            let longest = longest.max().unwrap_or(0);
            // The timeline keeps a lane of some length.
            assert!(
                columns < 20 || longest <= columns,
                "{view} {longest} {text}"
            );
        }
    }
}

#[test]
fn colours_are_for_terminals_that_want_them() {
    let lab = Lab::new();
    timeline::write(&lab);
    for view in VIEWS {
        let coloured = lab.in_terminal(80, &format!("name-manager {view}"));
        assert!(coloured.out.contains("\u{1b}["), "{view} {coloured:?}");
        let plain = lab.in_terminal(80, &format!("NO_COLOR=1 name-manager {view}"));
        assert!(!plain.out.contains('\u{1b}'), "{view} {plain:?}");
        let piped = lab.run(&[view]);
        assert!(!piped.out.contains('\u{1b}'), "{view} {piped:?}");
    }
}

#[test]
fn one_long_command_does_not_move_the_columns_of_the_others_in_a_pipe() {
    let lab = Lab::new();
    let long = format!("true # {}", "long ".repeat(20));
    let holder = lab.hold();
    let waiter = lab.wait("cat");
    let mut command = lab.cli(&["run", "other", "--", "sh", "-c", &long]);
    assert!(command.status().unwrap().success());
    let status = "name-manager status; name-manager run third -- bash -c 'name-manager status; : \
                  # a long command that holds a name while status is asked in a pipe'";
    for script in ["name-manager log", status] {
        let said = lab.shell(script);
        let lines = said.out.lines();
        let (long, short): (Vec<&str>, Vec<&str>) = lines.partition(|line| line.contains("long"));
        assert!(!short.is_empty() && !long.is_empty(), "{script} {said:?}");
        for line in short {
            assert!(line.chars().count() < 160, "{script} {said:?}");
        }
        // Nothing is cut: a pipe is for programs.
        assert!(!said.out.contains('…'), "{script} {said:?}");
    }
    assert_eq!((holder.code(), waiter.code()), (0, 0));
}
