//! The options between the parentheses of `#[shared_resource(..)]`.

use crate::attribute::{flatten, split_at_commas};
use crate::mistakes::Mistakes;
use crate::spelling;
use crate::value::Written;
use proc_macro2::{Span, TokenStream, TokenTree};
use syn::{Error, Ident, LitStr};

/// The options, each with one that is right.
const OPTIONS: [(&str, &str); 11] = [
    ("pool", "pool = \"db\""),
    ("max", "max = 2"),
    ("names", "names = [\"db_a\", \"db_b\"]"),
    ("name", "name = \"db_a\""),
    ("access", "access = \"shared\""),
    ("count", "count = 2"),
    ("all", "all"),
    ("wait_timeout", "wait_timeout = \"3m\""),
    ("set_env", "set_env"),
    ("arg", "arg = database"),
    ("crate", "crate = path::to::name_manager"),
];

/// What is said of a whole pool in its table, and never in an attribute.
const OF_TABLES: [&str; 6] = ["template", "scope", "space", "dir", "env", "hooks"];

/// What stands between the parentheses of one attribute.
pub struct Args {
    /// The attribute.
    pub span: Span,
    pub first_option: Span,
    /// Its path, when it was taken off before rustc looked it up.
    pub path: Option<TokenStream>,
    /// `None` only beside a mistake.
    pub pool: Option<LitStr>,
    pub max: Option<Given<(u32, Span)>>,
    pub names: Option<Given<Vec<LitStr>>>,
    pub name: Option<Given<LitStr>>,
    pub shared: bool,
    pub count: Option<Given<(u32, Span)>>,
    /// Present only when it says yes.
    pub all: Option<Given<bool>>,
    pub wait_timeout: Option<LitStr>,
    pub set_env: bool,
    pub arg: Option<Ident>,
    pub krate: Option<TokenStream>,
    /// Stands on a module around the test, not on the test.
    pub inherited: bool,
    /// The options that mean the same wherever the attribute stands.
    pub portable: Vec<Vec<TokenTree>>,
}

/// An option that can be in another's way.
pub struct Given<T> {
    pub value: T,
    pub key: Ident,
    /// How many options stand before it.
    pub place: usize,
}

impl Args {
    pub fn parse(tokens: TokenStream, span: Span, mistakes: &mut Mistakes) -> Args {
        let tokens = flatten(tokens);
        let mut args = Args {
            span,
            first_option: tokens.first().map_or(span, TokenTree::span),
            path: None,
            pool: None,
            max: None,
            names: None,
            name: None,
            shared: false,
            count: None,
            all: None,
            wait_timeout: None,
            set_env: false,
            arg: None,
            krate: None,
            inherited: false,
            portable: Vec::new(),
        };
        let mut seen: Vec<String> = Vec::new();
        let mut unreadable = false;
        for option in split_at_commas(tokens) {
            let Some(written) = mistakes.keep(read(&option)) else {
                unreadable = true;
                continue;
            };
            let key = written.key.to_string();
            if seen.contains(&key) {
                mistakes.at(written.key.span(), format!("`{key}` is given twice"));
                continue;
            }
            if !matches!(key.as_str(), "arg" | "crate") {
                args.portable.push(option);
            }
            args.set(&key, written, seen.len(), mistakes);
            seen.push(key);
        }
        // An option that cannot be read may have been meant as the pool.
        if !unreadable && !seen.iter().any(|key| key == "pool") {
            mistakes.at(
                span,
                "the pool is missing: write `#[shared_resource(pool = \"db\")]`",
            );
        }
        args
    }

    pub fn same_pool(&self, other: &Args) -> bool {
        match (&self.pool, &other.pool) {
            (Some(pool), Some(other)) => pool.value() == other.value(),
            _ => false,
        }
    }

    /// Says neither which name, nor how many it wants or there are.
    pub fn is_bare(&self) -> bool {
        let size = self.max.is_some() || self.names.is_some();
        let names = self.name.is_some() || self.count.is_some() || self.all.is_some();
        !size && !names
    }

    fn set(&mut self, key: &str, written: Written, place: usize, mistakes: &mut Mistakes) {
        let name = written.key.clone();
        macro_rules! given {
            ($value:expr) => {
                mistakes.keep($value).map(|value| Given {
                    value,
                    key: name,
                    place,
                })
            };
        }
        match key {
            "pool" => {
                self.pool = mistakes.keep(written.string());
                if let Some(pool) = &self.pool
                    && let Err(reason) = spelling::pool(&pool.value())
                {
                    mistakes.at(pool.span(), reason);
                }
            }
            "max" => self.max = given!(written.count()),
            "names" => {
                self.names = given!(written.strings());
                for name in self.names.iter().flat_map(|names| &names.value) {
                    check_resource(name, mistakes);
                }
            }
            "name" => {
                self.name = given!(written.string());
                if let Some(name) = &self.name {
                    check_resource(&name.value, mistakes);
                }
            }
            "access" => self.set_access(&written, mistakes),
            "count" => self.count = given!(written.count()),
            "all" => self.all = given!(written.flag()).filter(|all| all.value),
            "wait_timeout" => {
                self.wait_timeout = mistakes.keep(written.string());
                if let Some(text) = &self.wait_timeout
                    && let Err(reason) = humantime::parse_duration(&text.value())
                {
                    mistakes.at(
                        text.span(),
                        format!(
                            "`{}` is not a duration ({reason}): write it like `30s`, `3m` or `1h 30m`",
                            text.value().escape_debug()
                        ),
                    );
                }
            }
            "set_env" => self.set_env = mistakes.keep(written.flag()) == Some(true),
            "arg" => self.arg = mistakes.keep(written.ident()),
            _ => self.krate = mistakes.keep(written.path()),
        }
    }

    fn set_access(&mut self, written: &Written, mistakes: &mut Mistakes) {
        let Some(access) = mistakes.keep(written.string()) else {
            return;
        };
        match access.value().as_str() {
            "exclusive" => {}
            "shared" => self.shared = true,
            other => mistakes.at(
                access.span(),
                format!(
                    "unknown access `{}`; expected `exclusive` or `shared`",
                    other.escape_debug()
                ),
            ),
        }
    }
}

/// Takes one option apart.
fn read(option: &[TokenTree]) -> Result<Written, Error> {
    let TokenTree::Ident(key) = &option[0] else {
        return Err(Error::new(
            option[0].span(),
            "expected an option: write `pool = \"db\"`",
        ));
    };
    let word = key.to_string();
    let Some((_, example)) = OPTIONS.iter().find(|(known, _)| *known == word) else {
        return Err(Error::new(key.span(), unknown(&word)));
    };
    let value = match option.get(1) {
        None => None,
        Some(TokenTree::Punct(punct)) if punct.as_char() == '=' => {
            Some(option[2..].iter().cloned().collect())
        }
        Some(other) => {
            return Err(Error::new(
                other.span(),
                format!("expected `=` after `{word}`: write `{example}`"),
            ));
        }
    };
    Ok(Written {
        key: key.clone(),
        value,
        example,
    })
}

fn unknown(word: &str) -> String {
    match OF_TABLES.contains(&word) {
        true => format!(
            "`{word}` is said of a whole pool, not in an attribute: write it in Cargo.toml, under `[workspace.metadata.name-manager.pools.db]`"
        ),
        false => spelling::unknown_option(word, &OPTIONS.map(|(known, _)| known)),
    }
}

fn check_resource(name: &LitStr, mistakes: &mut Mistakes) {
    if let Err(reason) = spelling::resource(&name.value()) {
        mistakes.at(name.span(), reason);
    }
}
