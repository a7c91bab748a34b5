use similar::{Algorithm, ChangeTag, capture_diff_slices, group_diff_ops};

/// How many lines are shown around each change.
const CONTEXT: usize = 3;

/// The lines to be removed (`-`) and added (`+`), with the lines around them.
pub fn difference(old: &str, new: &str) -> String {
    let old: Vec<_> = old.split_inclusive('\n').collect();
    let new: Vec<_> = new.split_inclusive('\n').collect();
    let changes = capture_diff_slices(Algorithm::Myers, &old, &new);
    let mut text = String::new();
    let mut shown = 0;
    for group in group_diff_ops(changes, CONTEXT) {
        if group.first().is_some_and(|op| op.old_range().start > shown) {
            text.push_str("...\n");
        }
        for change in group.iter().flat_map(|op| op.iter_changes(&old, &new)) {
            text.push(match change.tag() {
                ChangeTag::Equal => ' ',
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
            });
            // A line end that differs is seen.
            text.push_str(&change.value().replace('\r', "\\r"));
            if !change.value().ends_with('\n') {
                text.push('\n');
            }
        }
        shown = group.last().map_or(shown, |op| op.old_range().end);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::difference;

    #[test]
    fn changes_are_shown_with_what_is_around_them() {
        let old = "a\nb\nc\nd\ne\nf\ng\n";
        let new = "a\nb\nc\nd\nE\nf\ng\nh\n";
        assert_eq!(
            difference(old, new),
            "...\n b\n c\n d\n-e\n+E\n f\n g\n+h\n"
        );
        let far = format!("{old}{}h\n", "g\n".repeat(9));
        assert_eq!(
            difference(&far, &far.replace('a', "A").replace('h', "H")),
            "-a\n+A\n b\n c\n d\n...\n g\n g\n g\n-h\n+H\n"
        );
        assert_eq!(difference(old, old), "");
    }

    #[test]
    fn a_different_line_end_is_seen() {
        assert_eq!(difference("a\n", "a\r\n"), "-a\n+a\\r\n");
        assert_eq!(difference("", "a"), "+a\n");
    }
}
