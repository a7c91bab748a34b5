//! What `--help` and the manual pages say of each subcommand.

use crate::lab::Lab;

fn subcommands(lab: &Lab) -> Vec<String> {
    let help = lab.run(&["--help"]).answer();
    let (_, list) = help.split_once("Commands:\n").unwrap();
    let (list, _) = list.split_once("\n\n").unwrap();
    let names = list.lines().filter_map(|line| {
        // A line that goes on is indented further.
        let line = line.strip_prefix("  ")?;
        line.split(' ').next().filter(|name| !name.is_empty())
    });
    let names: Vec<_> = names.filter(|name| *name != "help").collect();
    assert!(names.len() > 10, "{help}");
    names.into_iter().map(str::to_owned).collect()
}

#[test]
fn every_help_has_the_same_form_and_says_something_of_every_argument() {
    let lab = Lab::new();
    for subcommand in subcommands(&lab) {
        let help = lab.run(&[&subcommand, "--help"]).answer();
        let rest = help.split_once("\nUsage: name-manager ").unwrap().1;
        assert!(rest.starts_with(&subcommand), "{help}");
        let lines: Vec<_> = help.lines().collect();
        for pair in lines.windows(2) {
            let argument = pair[0].trim();
            let indent = pair[0].len() - argument.len();
            let is_argument = (2..8).contains(&indent) && argument.starts_with(['<', '[', '-']);
            assert!(
                !is_argument || pair[1].starts_with("          ") && !pair[1].trim().is_empty(),
                "{subcommand}: {argument}"
            );
        }
    }
}

#[test]
fn every_manual_page_has_the_usage_of_the_help() {
    let lab = Lab::new();
    for subcommand in subcommands(&lab) {
        let help = lab.run(&[&subcommand, "--help"]).answer();
        let usage = help.lines().find_map(|line| line.strip_prefix("Usage: "));
        let page = lab.run(&["man", &subcommand]).answer();
        let synopsis = page.split_once(".SH SYNOPSIS\n").unwrap().1;
        let synopsis = synopsis.lines().next().unwrap().replace("\\-", "-");
        assert_eq!(Some(&*synopsis), usage, "{subcommand}");
    }
}
