//! Subcommands whose arguments are another program's.

use std::ffi::OsString;

const SUBCOMMANDS: [&str; 2] = ["nextest", "test"];

/// The command line, with a mark that stops clap from reading further: it would take
/// off the first `--`, which means something to the other program.
pub fn marked(args: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut args: Vec<_> = args.collect();
    let is_ours = |arg: &OsString| arg == "-h" || arg == "--help";
    let passes = args
        .get(1)
        .is_some_and(|name| SUBCOMMANDS.iter().any(|ours| name == ours));
    if passes && !args.get(2).is_some_and(is_ours) {
        args.insert(2, "--".into());
    }
    args
}

/// Takes a flag of ours out of the other program's arguments.
pub fn take_flag(args: &mut Vec<OsString>, flag: &str) -> bool {
    let own = args.iter().position(|arg| arg == "--");
    let own = &args[..own.unwrap_or(args.len())];
    match own.iter().position(|arg| arg == flag) {
        Some(index) => {
            args.remove(index);
            true
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked_text(text: &str) -> String {
        let args = text.split(' ').map(OsString::from);
        let args = marked(args)
            .into_iter()
            .map(|arg| arg.into_string().unwrap());
        args.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_other_programs_arguments_stay_as_they_are() {
        for (given, expected) in [
            ("nm test -- --exact a", "nm test -- -- --exact a"),
            ("nm nextest -p a --check", "nm nextest -- -p a --check"),
            ("nm nextest", "nm nextest --"),
            ("nm nextest --help", "nm nextest --help"),
            ("nm status --pool test", "nm status --pool test"),
        ] {
            assert_eq!(marked_text(given), expected);
        }
    }

    #[test]
    fn a_flag_behind_the_other_programs_mark_is_not_ours() {
        let mut args: Vec<OsString> = ["-p", "--check", "--", "--check"].map(Into::into).into();
        assert!(take_flag(&mut args, "--check"));
        assert!(!take_flag(&mut args, "--check"));
        assert_eq!(args, ["-p", "--", "--check"]);
    }
}
