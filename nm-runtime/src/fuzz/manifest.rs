use std::fmt::Write;

use std::path::Path;

use toml_parser::decoder::ScalarKind;

use crate::base::error::Result;
use crate::config::document::{Document, Kind, Node};
use crate::config::hooks::{Command, HooksTable, wrong_placeholder};
use crate::config::manifest::{Manifest, PoolTable};
use crate::config::pool;
use crate::config::scope::Scope;
use crate::config::variables::Variables;
use crate::fuzz::shown;
use crate::terms::name;

const PATH: &str = "dir/Cargo.toml";

pub(crate) fn manifest(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else {
        return;
    };
    #[cfg(test)] // while fuzzing, the target in `fuzz/` does it
    assert_eq!(outline(text, theirs::is_date), theirs::outline(text));
    if let Err(error) = Manifest::parse_own(Path::new(PATH), text) {
        is_in(text, &shown(&error));
    }
    let manifest = match parse(text) {
        Ok(manifest) => manifest,
        Err(error) => return is_in(text, &shown(&error)),
    };
    let _ = manifest.excludes(Path::new("/a"), Path::new("/a/b"));
    let refused = [
        manifest.refuse_pools_in_member(&manifest),
        manifest.refuse_both(Path::new("name-manager.toml")),
    ];
    for error in refused.into_iter().filter_map(Result::err) {
        shown(&error);
    }
    for pool in manifest.pools() {
        check(pool);
        let rewritten = parse(&written(pool)).unwrap();
        let again = rewritten.pool(&pool.pool).unwrap();
        assert_eq!(said(again), said(pool));
    }
}

/// What a table says, wherever it stands.
fn said(pool: &PoolTable) -> String {
    let said = format!("{pool:?}");
    match &pool.hooks {
        Some(hooks) => said.replace(&format!("{:?}", hooks.place), "here"),
        None => said,
    }
}

#[cfg(test)]
#[path = "../../../fuzz/outline.rs"]
pub(crate) mod theirs;

/// A document as we read it, written as by `theirs::outline`. We accept anything like a
/// date, so `is_date` checks those.
pub fn outline(text: &str, is_date: fn(&str) -> bool) -> Option<String> {
    let document = Document::parse(text).ok()?;
    let mut outline = String::new();
    outline_of(&document, document.root(), is_date, &mut outline).then_some(outline)
}

/// Whether all dates are dates.
fn outline_of(
    document: &Document<'_>,
    node: &Node<'_>,
    is_date: fn(&str) -> bool,
    to: &mut String,
) -> bool {
    let mut sound = true;
    for child in document.children(node) {
        if node.is_table() {
            write!(to, "{:?} {:?} ", child.key, child.key_span).unwrap();
        }
        let (text, radix) = match child.kind {
            Kind::Scalar(ScalarKind::Integer(radix)) => (child.text.as_ref(), Some(radix.value())),
            Kind::Scalar(ScalarKind::String | ScalarKind::Float) => (child.text.as_ref(), None),
            _ => ("", None),
        };
        let kind = child.type_name();
        writeln!(to, "{:?} {kind} {text:?} {radix:?} [", child.span).unwrap();
        sound &= child.kind != Kind::Scalar(ScalarKind::DateTime) || is_date(&child.text);
        sound &= outline_of(document, child, is_date, to);
        writeln!(to, "]").unwrap();
    }
    sound
}

fn parse(text: &str) -> Result<Manifest> {
    Manifest::parse(Path::new(PATH), text)
}

/// Checks that the place that a message names is in the text.
fn is_in(text: &str, message: &str) {
    let place = message.strip_prefix(PATH).unwrap();
    let mut place = place.splitn(4, ':').skip(1);
    let mut number = || place.next().unwrap().parse::<usize>().unwrap();
    let (line, column) = (number(), number());
    let line = text.split('\n').nth(line - 1).unwrap();
    assert!(
        (1..=line.chars().count() + 1).contains(&column),
        "{message}"
    );
}

fn check(pool: &PoolTable) {
    name::check_pool(&pool.pool).unwrap();
    assert_ne!(pool.max, Some(0));
    let names = pool::names(&pool.pool, &Variables::default(), pool, None);
    let (names, _) = names.unwrap();
    let last = names.capacity().unwrap_or(usize::MAX) - 1;
    for index in [0, 1, 9, last].into_iter().filter(|index| *index <= last) {
        let name = names.get(index).unwrap();
        name::check_name(&name).unwrap();
        assert_eq!(names.index_of(&name), Some(index));
    }
    names.summary();
    let commands = pool.hooks.iter();
    let mut commands = commands
        .flat_map(|hooks| HooksTable::COMMANDS.map(|(key, of_name)| (hooks.command(key), of_name)));
    assert!(commands.all(|(command, of_name)| match command {
        None => true,
        Some(Command::Line(line)) => wrong_placeholder(line, of_name).is_none(),
        Some(Command::Words(words)) => !words.is_empty(),
    }));
    for (key, value) in &pool.env {
        assert!(!key.is_empty() && !key.contains(['=', '\0']) && !value.contains('\0'));
    }
}

fn written(pool: &PoolTable) -> String {
    let mut text = format!("[workspace.metadata.name-manager.pools.{}]\n", pool.pool);
    let mut say = |key: &str, value: String| text += &format!("{key} = {value}\n");
    if let Some(max) = pool.max {
        say("max", max.to_string());
    }
    if let Some(names) = &pool.names {
        say("names", format!("{names:?}"));
    }
    if let Some(template) = &pool.template {
        say("template", format!("{template:?}"));
    }
    if let Some(wait) = pool.wait_timeout {
        say(
            "wait_timeout",
            format!("\"{}\"", humantime::format_duration(wait)),
        );
    }
    match &pool.scope {
        None => {}
        Some(Scope::Workspace) => say("scope", "\"workspace\"".to_owned()),
        Some(Scope::Repository) => say("scope", "\"repository\"".to_owned()),
        Some(Scope::User) => say("scope", "\"user\"".to_owned()),
        Some(Scope::Server) => say("scope", "\"server\"".to_owned()),
        Some(Scope::Dir(dir)) => {
            let dir = dir.strip_prefix("dir").unwrap_or(dir);
            say("dir", quoted(dir.to_str().unwrap()));
        }
    }
    for (key, value) in &pool.env {
        say(&format!("env.{}", quoted(key)), quoted(value));
    }
    let Some(hooks) = &pool.hooks else {
        return text;
    };
    let list = |words: &[String]| {
        let words: Vec<_> = words.iter().map(|word| quoted(word)).collect();
        format!("[{}]", words.join(", "))
    };
    for (key, _) in HooksTable::COMMANDS {
        match hooks.command(key) {
            None => {}
            Some(Command::Line(line)) => say(&format!("hooks.{key}"), quoted(line)),
            Some(Command::Words(words)) => say(&format!("hooks.{key}"), list(words)),
        }
    }
    if let Some(paths) = &hooks.fingerprint {
        say("hooks.fingerprint", list(paths));
    }
    if let Some(timeout) = hooks.timeout {
        let timeout = humantime::format_duration(timeout);
        say("hooks.timeout", format!("\"{timeout}\""));
    }
    text
}

fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted += &format!("\\u{:04x}", c as u32),
            c => quoted.push(c),
        }
    }
    quoted + "\""
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::config::document::DEPTH;

    /// Whether a document is accepted, on which the crate `toml` must agree.
    fn is_read(text: &str) -> bool {
        let ours = outline(text, theirs::is_date);
        assert_eq!(ours, theirs::outline(text), "{text}");
        ours.is_some()
    }

    #[test]
    fn good_documents_are_read_as_by_the_crate_toml() {
        for text in [
            "",
            "a = 1",
            "\u{feff}a = 1\r\nb = 2 # comment\r\n",
            "'a b'.\"c\\u0041\" . d= 0xF_f\nb= [0o17, 0b1, +1_000, -0, 1e5, -inf, nan, 1.5_0]",
            "a = [true, 'x', \"\\t\\x41\\e\", '''\nx''', \"\"\"a\\\n  b\"\"\"\"\"]",
            "a = [1979-05-27, 1979-05-27T07:32:00Z, 1979-05-27 07:32:60.5-23:59, 07:32, 2000-02-29]",
            "a = [ # one\n [], {}, {b.c = 1, b.d = {}, \n e = [[1,],], }, ]",
            "[a]\n[a.b]\n[c.d]\n[c]\nx = 1",
            "[a.b.c]\n[a]\nb.d = 1\n[a.b.e]",
            "a.b.c = 1\na.b.d = 2\na.e = 3",
            "[a]\nb.c = 1\n[a.b.d]",
            "[[a]]\nb = 1\n[[a]]\n[a.c]\n[[a.d]]\n[a.d.e]\n[[a.d]]\n[a.d.e]",
            "[[a.b]]\n[a]\nc = 1",
            "[[a.b]]\n[a]\nb.c.d = 1", // against the rules, but so does Cargo
            "['']\n'' = ''",
        ] {
            assert!(is_read(text), "{text}");
        }
        for text in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("..")).unwrap() {
            if let Ok(text) = fs::read_to_string(text.unwrap().path().join("Cargo.toml")) {
                assert!(is_read(&text), "{text}");
            }
        }
    }

    #[test]
    fn bad_documents_are_refused_as_by_the_crate_toml() {
        let bad = r#"
            a
            a =
            = 1
            a = 1 b = 2
            [a
            [[a]
            []
            a..b = 1
            a = [1
            a = {b = 1
            a = ]
            a = [1 2]
            a = {b = 1 c = 2}
            a = [,]
            a = {,}
            a == 1
            """a""" = 1
            a = x
            a = True
            a = 01
            a = 1__0
            a = 0xg
            a = +0x1
            a = 1.
            a = ++1
            a = "x
            a = '''x
            a = "\q"
            a = "\ud800"
            a = 1979-13-01
            a = 1979-02-29
            a = 1979-05-27x
            a = 24:00
            a = 07:32Z
            a = 1; a = 2
            a = 1; 'a' = 2
            a = {b = 1, b = 2}
            [a]; b = 1; b = 2
            [a]; [a]
            [a.b]; [a]; [a.b]
            [a]; [a.b]; [a]
            [[a]]; [a.b]; [a.b]
            a = 1; [a]
            a = 1; [a.b]
            a = {}; [a]
            a = {}; [a.b]
            a = {b.c = 1}; [a.b.d]
            a = []; [a.b]
            a = [{}]; [[a]]
            a = 1; [[a.b]]
            [a]; [[a]]
            [[a]]; [a]
            [a.b]; [[a]]
            a = {}; [[a]]
            [[a]]; b = []; [[a.b]]
            [a.b]; [a]; b.c = 1
            [a.b.c]; [a]; b.c.d = 1
            [[a.b]]; [a]; b.c = 1
            a.b = 1; [a]
            [a]; b.c = 1; [a.b]
            [a]; b.c.d = 1; [a.b.c]
            a = {}; a.b = 1
            a = 1; a.b = 1
            a = []; a.b = 1
            a.b = 1; a = 1
            a = {b = {}, b.c = 1}
            a = {b = 1, b.c = 1}
            a = {b = [], b.c = 1}
            a = {b.c = 1, b = 1}
        "#;
        for text in bad.trim().lines() {
            assert!(!is_read(&text.replace("; ", "\n")), "{text}");
        }
        for text in ["# \u{1}", "a = \"\u{7f}\"", "a = 1\rb = 2"] {
            assert!(!is_read(text), "{text:?}");
        }
    }

    #[test]
    fn nesting_has_the_bound_of_the_crate_toml() {
        let value = |depth| format!("a = {}{}", "[".repeat(depth), "]".repeat(depth));
        let inline = |depth| format!("a = {}1{}", "{a = ".repeat(depth), "}".repeat(depth));
        let key = |depth| format!("{}a = 1", "a.".repeat(depth - 1));
        let header = |depth| format!("[{}a]", "a.".repeat(depth - 1));
        for nested in [&value as &dyn Fn(usize) -> String, &inline, &key, &header] {
            assert!(is_read(&nested(DEPTH as usize)));
            assert!(!is_read(&nested(DEPTH as usize + 1)));
            assert!(!is_read(&nested(100_000)));
        }
    }

    #[test]
    fn a_mistake_is_shown_where_the_crate_toml_shows_it() {
        for text in [
            "a = 1\na = 2",
            "[a]\n\n[a]",
            "[[a.b]]\n[a]\nb.c = 1",
            "a = 1 b",
            "a = [1",
            "a = \"\\q\"",
            "x\n",
        ] {
            let theirs = toml::de::DeTable::parse(text).unwrap_err();
            let (span, message) = Document::parse(text).err().unwrap();
            assert_eq!(message, theirs.message());
            assert_eq!(Some(span.start()..span.end()), theirs.span());
        }
    }
}
