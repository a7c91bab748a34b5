//! What stands between the parentheses of `#[serial(..)]` and its siblings.

use crate::attribute::{flatten, split_at_commas};
use crate::mistakes::Mistakes;
use proc_macro2::{Delimiter, Literal, Span, TokenStream, TokenTree};
use std::env;
use std::path::PathBuf;

/// The keys and options of one attribute.
pub struct Keys {
    pub span: Span,
    pub first: Span,
    /// Empty without any.
    pub keys: Vec<String>,
    /// `path => ".."`.
    pub path: Option<(String, Span)>,
    /// `crate = ..`.
    pub krate: Option<TokenStream>,
    /// What is to stand above the body.
    pub inner_attrs: Vec<TokenStream>,
}

impl Keys {
    pub fn parse(tokens: TokenStream, span: Span, mistakes: &mut Mistakes) -> Keys {
        let tokens = flatten(tokens);
        let mut keys = Keys {
            span,
            first: tokens.first().map_or(span, TokenTree::span),
            keys: Vec::new(),
            path: None,
            krate: None,
            inner_attrs: Vec::new(),
        };
        for part in split_at_commas(tokens) {
            keys.read(&part, mistakes);
        }
        if let (Some((_, span)), [_, second, ..]) = (&keys.path, &*keys.keys) {
            mistakes.at(
                *span,
                format!(
                    "a `path` is one lock, so it goes with one key: take off `{second}`, or the path"
                ),
            );
        }
        keys
    }

    fn read(&mut self, part: &[TokenTree], mistakes: &mut Mistakes) {
        let TokenTree::Ident(word) = &part[0] else {
            return mistakes.at(
                part[0].span(),
                "expected a key, which is an identifier: write `db`, without quotes",
            );
        };
        // serial_test reads these words in any case.
        match (word.to_string().to_ascii_lowercase().as_str(), &part[1..]) {
            ("path", [eq, gt, TokenTree::Literal(path)]) if is(eq, '=') && is(gt, '>') => {
                match text(path) {
                    Some(text) => self.path = Some((text, path.span())),
                    None => mistakes.at(path.span(), "expected a path in quotes: `\"/tmp/db\"`"),
                }
            }
            ("path", _) => mistakes.at(word.span(), "expected a path: write `path => \"/tmp/db\"`"),
            ("crate", [eq, path @ ..]) if is(eq, '=') && !path.is_empty() => {
                self.krate = Some(path.iter().cloned().collect());
            }
            ("crate", _) => mistakes.at(
                word.span(),
                "expected a path: write `crate = path::to::serial_test`",
            ),
            ("inner_attrs", [eq, TokenTree::Group(list)])
                if is(eq, '=') && list.delimiter() == Delimiter::Bracket =>
            {
                let attributes = split_at_commas(flatten(list.stream())).into_iter();
                self.inner_attrs = attributes.map(TokenStream::from_iter).collect();
            }
            ("inner_attrs", _) => mistakes.at(
                word.span(),
                "expected attributes: write `inner_attrs = [ntest::timeout(1000)]`",
            ),
            (_, []) => self.keys.push(word.to_string()),
            (_, [other, ..]) => mistakes.at(
                other.span(),
                "expected `,`: the options are keys, `path => \"..\"`, `crate = ..` and `inner_attrs = [..]`",
            ),
        }
    }

    /// The path, from the root: the tests of a package run in its directory.
    pub fn absolute_path(&self) -> Option<PathBuf> {
        let (path, _) = self.path.as_ref()?;
        let package = env::var_os("CARGO_MANIFEST_DIR").map_or_else(PathBuf::new, PathBuf::from);
        Some(package.join(path))
    }
}

/// What a string literal says; `None` if it is none, or one with escapes that no path needs.
fn text(literal: &Literal) -> Option<String> {
    let written = literal.to_string();
    if let Some(raw) = written.strip_prefix('r') {
        let text = raw.trim_matches('#').strip_prefix('"')?.strip_suffix('"')?;
        return Some(text.to_owned());
    }
    let mut chars = written.strip_prefix('"')?.strip_suffix('"')?.chars();
    let mut text = String::new();
    while let Some(c) = chars.next() {
        text.push(match c {
            '\\' => match chars.next()? {
                escaped @ ('\\' | '"' | '\'') => escaped,
                _ => return None,
            },
            c => c,
        });
    }
    Some(text)
}

fn is(token: &TokenTree, char: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == char)
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn a_path_is_read_as_rust_reads_it() {
        for (written, path) in [
            (r#""/tmp/a b""#, Some("/tmp/a b")),
            (r#""C:\\a\"b""#, Some("C:\\a\"b")),
            (r##"r"C:\a""##, Some("C:\\a")),
            (r###"r#"a"b"#"###, Some("a\"b")),
            (r#""""#, Some("")),
            (r#""a\nb""#, None),
            (r#"b"a""#, None),
            ("3", None),
            ("'a'", None),
        ] {
            let literal = written.parse().unwrap();
            assert_eq!(text(&literal).as_deref(), path, "{written}");
        }
    }
}
