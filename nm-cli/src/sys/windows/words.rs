//! A command line, as its words.

/// What most programs make of it: blanks part words, but not in quotes; of backslashes before
/// a quote, one of two is left, and one that is over makes the quote a part of the word.
pub fn of(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let (mut quoted, mut backslashes) = (false, 0);
    for c in line.chars() {
        if c == '\\' {
            backslashes += 1;
            word.get_or_insert_default();
            continue;
        }
        let kept = if c == '"' {
            backslashes / 2
        } else {
            backslashes
        };
        let is_escaped = backslashes % 2 == 1;
        backslashes = 0;
        if let Some(word) = &mut word {
            word.extend(std::iter::repeat_n('\\', kept));
        }
        match c {
            '"' if is_escaped => word.get_or_insert_default().push(c),
            '"' => {
                word.get_or_insert_default();
                quoted = !quoted;
            }
            ' ' | '\t' if !quoted => words.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    if let Some(word) = &mut word {
        word.extend(std::iter::repeat_n('\\', backslashes));
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_taken_apart_as_programs_do() {
        for (line, expected) in [
            (r#"C:\a.exe b  "c d" """#, vec![r"C:\a.exe", "b", "c d", ""]),
            (r#""C:\a b\\" x"#, vec!["C:\\a b\\", "x"]),
            (r#"say "\"x\"" a\\\"b"#, vec!["say", r#""x""#, r#"a\"b"#]),
            (r"cmd /C dir C:\", vec!["cmd", "/C", "dir", "C:\\"]),
            ("", vec![]),
        ] {
            assert_eq!(of(line), expected, "{line}");
        }
    }
}
