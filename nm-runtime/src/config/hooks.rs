//! Hooks that are commands: `[..pools.NAME.hooks]`, as read.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;
use std::time::Duration;

use crate::base::suggest;
use crate::terms::code::Code;

/// How long a hook may take, unless configured.
pub(crate) const DEFAULT_TIMEOUT: Duration = Duration::from_secs(600);

/// The hooks of one pool.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct HooksTable {
    /// Where it is, `Cargo.toml:7:1`.
    pub(crate) place: String,
    /// The directory of that file, in which the commands run.
    pub(crate) root: PathBuf,
    /// Each as [`HooksTable::COMMANDS`] has its key.
    pub(crate) commands: [Option<Command>; 5],
    /// Files and directories, relative to `root`.
    pub(crate) fingerprint: Option<Vec<String>>,
    pub(crate) timeout: Option<Duration>,
}

impl HooksTable {
    /// The keys of commands, and whether each is about one name.
    pub(crate) const COMMANDS: [(&str, bool); 5] = [
        ("setup", false),
        ("init", true),
        ("reset", true),
        ("cleanup", true),
        ("teardown", false),
    ];

    pub(crate) fn command(&self, key: &str) -> Option<&Command> {
        let mut known = Self::COMMANDS.iter().zip(&self.commands);
        known.find(|((known, _), _)| *known == key)?.1.as_ref()
    }

    /// For processes that read another configuration, or none.
    pub(crate) fn code(&self) -> Code {
        let mut hash = DefaultHasher::new();
        (&self.commands, &self.fingerprint).hash(&mut hash);
        Code {
            krate: String::new(),
            place: self.place.clone(),
            commands: Some(format!("{:016x}", hash.finish())),
        }
    }
}

/// What a hook runs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Command {
    /// By a shell.
    Line(String),
    /// A program and its arguments.
    Words(Vec<String>),
}

const PLACEHOLDERS: [&str; 4] = ["name", "index", "pool", ROOT];
/// The directory of the file that configures the pool.
pub(crate) const ROOT: &str = "root";

/// A word in braces in the text of a command that is wrong there, braces included, and what
/// is wrong with it.
///
/// Shells, and the programs that they start, have braces of their own: `${HOME}`,
/// `{ a; b; }`, `awk '{print $1}'`, `%{http_code}`, `stash@{0}`, `{{.Names}}`. Only one
/// lower-case word alone, behind a character that gives the braces no other meaning, is
/// taken for a placeholder.
pub(crate) fn wrong_placeholder(text: &str, of_name: bool) -> Option<(&str, String)> {
    let expected: &[&str] = match of_name {
        true => &PLACEHOLDERS,
        false => &PLACEHOLDERS[2..],
    };
    braces(text).find_map(|(before, word)| {
        let key = &word[1..word.len() - 1];
        if before == Some('$') {
            // A script may well call something of its own so.
            return (key != ROOT && PLACEHOLDERS.contains(&key)).then(|| {
                (
                    word,
                    format!("`${word}` is a variable of the shell; write `{word}` for the {key}"),
                )
            });
        }
        if !may_be_placeholder(before, key) || expected.contains(&key) {
            return None;
        }
        let all = expected
            .iter()
            .map(|key| format!("`{{{key}}}`"))
            .collect::<Vec<_>>()
            .join(", ");
        Some((
            word,
            match PLACEHOLDERS.contains(&key) {
                true => format!("`{word}` is not known here, since the command is run once for the whole pool; expected {all}"),
                false => {
                    let near = suggest::nearest_word(key, expected);
                    let near = near.map_or(String::new(), |near| format!(" (did you mean `{{{near}}}`?)"));
                    format!("unknown placeholder `{word}`{near}; expected {all}")
                }
            },
        ))
    })
}

/// The text with each placeholder replaced by its value.
pub(crate) fn fill(text: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut end = 0;
    for (before, word) in braces(text) {
        let key = &word[1..word.len() - 1];
        if before == Some('$') || !may_be_placeholder(before, key) {
            continue;
        }
        if let Some(value) = value(key) {
            let at = word.as_ptr() as usize - text.as_ptr() as usize;
            filled.push_str(&text[end..at]);
            filled.push_str(&value);
            end = at + word.len();
        }
    }
    filled.push_str(&text[end..]);
    filled
}

fn may_be_placeholder(before: Option<char>, key: &str) -> bool {
    let is_word = !key.is_empty() && key.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    is_word && !before.is_some_and(|before| "$%@{#".contains(before))
}

/// Each innermost pair of braces with what is in it, and the character before.
fn braces(text: &str) -> impl Iterator<Item = (Option<char>, &str)> {
    text.match_indices('{').filter_map(|(at, _)| {
        let inside = &text[at + 1..];
        let end = inside.find(['{', '}'])?;
        let word = &text[at..at + end + 2];
        let before = text[..at].chars().next_back();
        word.ends_with('}').then_some((before, word))
    })
}

/// A value as one word of the shell.
pub(crate) fn quoted(value: String) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-.,:/=@%+".contains(c);
    match !value.is_empty() && value.chars().all(is_plain) {
        true => value,
        // Names and paths have no such quotes there.
        false if cfg!(windows) => format!("\"{value}\""),
        false => format!("'{}'", value.replace('\'', "'\\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces_of_shells_are_no_placeholders() {
        let value = |key: &str| PLACEHOLDERS.contains(&key).then(|| key.to_uppercase());
        for (text, filled) in [
            ("up {name} {index}", "up NAME INDEX"),
            ("-p x{name}y-{pool}", "-p xNAMEy-POOL"),
            ("{name", "{name"),
            ("a {}", "a {}"),
            ("{root}/x ${root}", "ROOT/x ${root}"),
            ("${HOME} %{http_code} stash@{0} {{.Names}} {{name}}", ""),
            ("awk '{print $1}' {a,b} { a; }", ""),
            ("{ {name}; }", "{ NAME; }"),
            ("\u{e4}{name}\u{df}", "\u{e4}NAME\u{df}"),
        ] {
            assert_eq!(wrong_placeholder(text, true), None, "{text}");
            let filled = if filled.is_empty() { text } else { filled };
            assert_eq!(fill(text, value), filled);
        }
    }

    #[test]
    fn a_value_reaches_the_shell_as_one_word() {
        let of_windows = [
            ("db-0", "db-0"),
            ("", r#""""#),
            (r"C:\a b\c", r#""C:\a b\c""#),
        ];
        let of_others = [
            ("db-0", "db-0"),
            ("", "''"),
            ("it's $HOME `x` \"y\"", "'it'\\''s $HOME `x` \"y\"'"),
            ("M\u{fc}nchen", "'M\u{fc}nchen'"),
            ("a b", "'a b'"),
        ];
        let cases = match cfg!(windows) {
            true => &of_windows[..],
            false => &of_others,
        };
        for (value, expected) in cases {
            assert_eq!(quoted((*value).to_owned()), *expected);
        }
    }
}
