//! The part of a configuration file that is ours.

use crate::exit::{Failure, code};

const BEGIN: &str = "# name-manager begin";
const END: &str = "# name-manager end";
const ABOUT: &str =
    ": made by `name-manager nextest --write`, which replaces all up to the end mark";

/// The marks of merges that were not finished.
const LEFTOVERS: [&str; 4] = ["<<<<<<<", "|||||||", "=======", ">>>>>>>"];

/// A file, around our block.
#[derive(Debug, PartialEq, Eq)]
pub struct Document<'a> {
    before: &'a str,
    block: Option<&'a str>,
    after: &'a str,
    newline: &'static str,
}

impl<'a> Document<'a> {
    /// Finds the block. The file's name is for messages.
    pub fn parse(text: &'a str, file: &str) -> Result<Self, Failure> {
        let wrong = |line: usize, what: String| {
            Failure::new(code::USAGE, format!("{file}:{}: {what}", line + 1))
        };
        let mut begin = None;
        let mut end = None;
        let mut at = 0;
        for (number, line) in text.split_inclusive('\n').enumerate() {
            let start = at;
            at += line.len();
            let content = line.trim();
            if let Some(mark) = leftover(line) {
                return Err(wrong(
                    number,
                    format!("`{mark}` is left over from a merge; finish the merge first"),
                ));
            }
            if content.starts_with(BEGIN) {
                if begin.is_some() {
                    return Err(wrong(
                        number,
                        format!("a second `{BEGIN}`; remove all but one of the blocks"),
                    ));
                }
                begin = Some((number, start));
            } else if content.starts_with(END) {
                if begin.is_none() || end.is_some() {
                    return Err(wrong(
                        number,
                        format!("`{END}` without a `{BEGIN}` before it; remove the line"),
                    ));
                }
                end = Some(at);
            }
        }
        let (before, block, after) = match (begin, end) {
            (Some((_, begin)), Some(end)) => {
                (&text[..begin], Some(&text[begin..end]), &text[end..])
            }
            (Some((number, _)), None) => {
                return Err(wrong(
                    number,
                    format!(
                        "`{BEGIN}` without a `{END}` after it; add that line where the block ends"
                    ),
                ));
            }
            (None, _) => (text, None, ""),
        };
        // From the text around the block: the block itself is generated again.
        let mut around = [before, after, text].into_iter();
        let newline = match around.find_map(|part| part.split_inclusive('\n').next()) {
            Some(line) if line.ends_with("\r\n") => "\r\n",
            _ => "\n",
        };
        Ok(Self {
            before,
            block,
            after,
            newline,
        })
    }

    pub fn has_block(&self) -> bool {
        self.block.is_some()
    }

    /// The file as it would be without us.
    pub fn without_block(&self) -> String {
        format!("{}{}", self.before, self.after)
    }

    /// The file with this in the block; without a block when it is empty.
    pub fn with_block(&self, body: &str) -> String {
        if body.is_empty() {
            return self.without_block();
        }
        let newline = self.newline;
        let mut block = format!("{BEGIN}{ABOUT}{newline}");
        for line in body.lines() {
            block.push_str(line);
            block.push_str(newline);
        }
        block.push_str(END);
        block.push_str(newline);
        // Of two overrides for one test nextest takes the first: everything else in
        // the file stands before ours.
        let says_nothing = |line: &str| line.trim().is_empty() || line.trim().starts_with('#');
        let (before, after) = match self.after.lines().all(says_nothing) {
            true => (self.before.to_owned(), self.after),
            false => (self.without_block(), ""),
        };
        let is_ended = before.is_empty() || before.ends_with('\n');
        let ending = if is_ended { "" } else { newline };
        format!("{before}{ending}{block}{after}")
    }
}

fn leftover(line: &str) -> Option<&'static str> {
    LEFTOVERS.into_iter().find(|mark| {
        let rest = line.strip_prefix(mark);
        rest.is_some_and(|rest| rest.starts_with([' ', '\n', '\r']) || rest.is_empty())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Document<'_> {
        Document::parse(text, "nextest.toml").unwrap()
    }

    fn refused(text: &str) -> String {
        Document::parse(text, "nextest.toml")
            .unwrap_err()
            .to_string()
    }

    const BODY: &str = "[test-groups.a]\nmax-threads = 2\n";

    #[test]
    fn what_is_around_the_block_stays_as_it_is() {
        for around in [
            "",
            "# mine\n[profile.ci]\n  retries=2 # two\n\n\n",
            "[profile.ci]\r\nretries = 2\r\n",
            "\u{feff}[profile.ci]\n",
            "a = 1\r\nb = 2\nc = 3\r\n",
        ] {
            let written = parse(around).with_block(BODY);
            let again = parse(&written);
            assert!(again.has_block(), "{written:?}");
            assert_eq!(again.without_block(), around);
            assert_eq!(again.with_block(BODY), written, "written twice");
            assert_eq!(again.with_block(""), around);
        }
    }

    #[test]
    fn a_last_line_without_an_end_gets_one() {
        let written = parse("[profile.ci]").with_block(BODY);
        assert!(
            written.starts_with("[profile.ci]\n# name-manager begin"),
            "{written}"
        );
    }

    #[test]
    fn line_ends_are_those_of_the_file() {
        let written = parse("a = 1\r\n").with_block(BODY);
        assert_eq!(
            written.matches('\n').count(),
            written.matches("\r\n").count()
        );
        assert!(!parse("a = 1\n").with_block(BODY).contains('\r'));
        // Not those of the block.
        let mixed = format!("{BEGIN}\r\n{END}\r\na = 1\n");
        assert!(!parse(&mixed).with_block(BODY).contains('\r'));
    }

    #[test]
    fn edits_in_the_block_are_replaced() {
        let written = parse("a = 1\n").with_block(BODY);
        let edited = written.replace("max-threads = 2", "max-threads = 20 # mine");
        assert_eq!(parse(&edited).with_block(BODY), written);
    }

    #[test]
    fn the_block_goes_behind_what_was_written_below_it() {
        let written = parse("a = 1\n").with_block(BODY);
        let below = format!("{written}[profile.ci]\nretries = 2\n");
        let moved = parse(&below).with_block(BODY);
        assert_eq!(
            parse(&moved).without_block(),
            "a = 1\n[profile.ci]\nretries = 2\n"
        );
        assert!(moved.trim_end().ends_with(END), "{moved}");
        let comment = format!("{written}\n# the end\n");
        assert_eq!(parse(&comment).with_block(BODY), comment);
    }

    #[test]
    fn leftovers_of_a_merge_are_named_with_their_line() {
        for mark in ["<<<<<<< HEAD", "=======", ">>>>>>> theirs", "||||||| base"] {
            for newline in ["\n", "\r\n"] {
                let error = refused(&format!("a = 1{newline}{mark}{newline}"));
                assert!(error.starts_with("nextest.toml:2: `"), "{error}");
                assert!(error.contains("merge"), "{error}");
            }
        }
        parse("# ======= is no leftover\na = '<<<<<<< nor this'\n");
    }

    #[test]
    fn marks_that_do_not_pair_are_named_with_their_line() {
        assert!(refused("# name-manager begin\n").contains(":1: `# name-manager begin` without"));
        assert!(
            refused("a = 1\n# name-manager end\n").contains(":2: `# name-manager end` without")
        );
        let twice = "# name-manager begin\n# name-manager end\n".repeat(2);
        assert!(
            refused(&twice).contains(":3: a second"),
            "{}",
            refused(&twice)
        );
    }
}
