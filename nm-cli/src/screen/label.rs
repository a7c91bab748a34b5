use std::ffi::OsStr;

const LONGEST: usize = 120;

/// A command as people see it: in one line, and not too long.
pub fn of<'a>(words: impl IntoIterator<Item = &'a OsStr>) -> String {
    let words: Vec<_> = words.into_iter().map(OsStr::to_string_lossy).collect();
    let line = words.join(" ");
    let mut label: String = line
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(LONGEST)
        .collect();
    if line.chars().count() > LONGEST {
        label.push_str("..");
    }
    label
}

/// This command.
pub fn own() -> String {
    let args: Vec<_> = std::env::args_os().skip(1).collect();
    let words = std::iter::once(OsStr::new("name-manager"));
    of(words.chain(args.iter().map(|arg| arg.as_os_str())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_one_short_line() {
        let long = "x".repeat(500);
        let words = ["sh", "-c", "a\nb\u{1b}[0m", &long].map(OsStr::new);
        let label = of(words);
        assert!(label.starts_with("sh -c a b [0m xxx"), "{label}");
        assert_eq!(label.chars().count(), LONGEST + 2);
    }
}
