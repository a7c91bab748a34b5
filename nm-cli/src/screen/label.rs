use std::ffi::OsStr;

const LONGEST: usize = 120;

/// A command as people see it: in one line, not too long, and without its token.
pub fn of<'a>(words: impl IntoIterator<Item = &'a OsStr>) -> String {
    let words: Vec<_> = words.into_iter().map(OsStr::to_string_lossy).collect();
    let line = without_tokens(&words.join(" "));
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

/// What follows `--token` or `NAME_MANAGER_TOKEN` is left out: a word, or what is quoted.
fn without_tokens(line: &str) -> String {
    let mut text = String::new();
    let mut rest = line;
    while let Some((at, key)) = BEFORE_A_TOKEN
        .iter()
        .filter_map(|key| Some((rest.find(key)?, *key)))
        .min()
    {
        let (before, after) = rest.split_at(at + key.len());
        let value = after.trim_start_matches(' ');
        text.push_str(before);
        text.push_str(&after[..after.len() - value.len()]);
        text.push_str("..");
        let end = match value.chars().next() {
            Some(quote @ ('"' | '\'')) => value[1..].find(quote).map(|end| end + 2),
            _ => value.find([' ', ';', '&', '|', ')', '"', '\'', '`', '\n', '\t']),
        };
        rest = &value[end.unwrap_or(value.len())..];
    }
    text.push_str(rest);
    text
}

const BEFORE_A_TOKEN: [&str; 3] = ["--token=", "--token ", "NAME_MANAGER_TOKEN="];

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
    fn a_token_is_left_out() {
        for (line, shown) in [
            ("acquire db --token s3cret12", "acquire db --token .."),
            (
                "sh -c acquire db --token=s3cret12; x",
                "sh -c acquire db --token=..; x",
            ),
            (
                "NAME_MANAGER_TOKEN='s3c ret12' a --token  \"s3c\" b",
                "NAME_MANAGER_TOKEN=.. a --token  .. b",
            ),
            ("--token-file f --token '", "--token-file f --token .."),
            ("--token é --token ", "--token .. --token .."),
        ] {
            assert_eq!(of([OsStr::new(line)]), shown);
        }
    }

    #[test]
    fn a_label_is_one_short_line() {
        let long = "x".repeat(500);
        let words = ["sh", "-c", "a\nb\u{1b}[0m", &long].map(OsStr::new);
        let label = of(words);
        assert!(label.starts_with("sh -c a b [0m xxx"), "{label}");
        assert_eq!(label.chars().count(), LONGEST + 2);
    }
}
