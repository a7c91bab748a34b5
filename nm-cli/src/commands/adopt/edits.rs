//! Changes of a text, by the places of what they replace: everything else stays as it is.

use std::ops::Range;

#[derive(Debug, Default)]
pub struct Edits(Vec<(Range<usize>, String)>);

impl Edits {
    pub fn replace(&mut self, range: Range<usize>, text: impl Into<String>) {
        self.0.push((range, text.into()));
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text with all of them. Those at one place come in the order in which they were
    /// asked for.
    pub fn apply(mut self, text: &str) -> String {
        self.0.sort_by_key(|(range, _)| range.start);
        let mut changed = String::new();
        let mut done = 0;
        for (range, new) in self.0 {
            changed.push_str(&text[done..range.start]);
            changed.push_str(&new);
            done = range.end;
        }
        changed.push_str(&text[done..]);
        changed
    }
}

/// What stands before this place in its line, if that is nothing but space.
pub fn indentation(text: &str, at: usize) -> Option<&str> {
    let line = text[..at].rfind('\n').map_or(0, |end| end + 1);
    let before = &text[line..at];
    before.trim().is_empty().then_some(before)
}

/// The range with the whole line, if it has nothing else, or with the space before it.
pub fn with_its_space(text: &str, range: Range<usize>) -> Range<usize> {
    let line_end = text[range.end..].find('\n').map(|at| range.end + at);
    let rest = &text[range.end..line_end.unwrap_or(text.len())];
    match (indentation(text, range.start), line_end) {
        (Some(before), Some(end)) if rest.trim().is_empty() => range.start - before.len()..end + 1,
        (Some(_), _) => range.start..range.end + rest.len() - rest.trim_start().len(),
        (None, _) => text[..range.start].trim_end().len()..range.end,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn without(text: &str, part: &str) -> String {
        let at = text.find(part).unwrap();
        let mut edits = Edits::default();
        edits.replace(with_its_space(text, at..at + part.len()), "");
        edits.apply(text)
    }

    #[test]
    fn what_is_taken_out_takes_its_line_along() {
        assert_eq!(without("  a\n  b\n  c\n", "b"), "  a\n  c\n");
        assert_eq!(without("  a b\n  c\n", "b"), "  a\n  c\n");
        assert_eq!(without("  b a\n", "b"), "  a\n");
        assert_eq!(without("  b // why\n  c\n", "b"), "  // why\n  c\n");
    }

    #[test]
    fn edits_are_applied_by_place() {
        let mut edits = Edits::default();
        edits.replace(4..5, "E");
        edits.replace(0..0, "<");
        edits.replace(0..1, "A");
        assert_eq!(edits.apply("abcdef"), "<AbcdEf");
    }
}
