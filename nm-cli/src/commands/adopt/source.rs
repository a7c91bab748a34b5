//! What one source file has of serial_test.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::PathBuf;

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

/// The attributes: their names, whether they span processes, and whether they are shared.
const ATTRIBUTES: [(&str, Family, bool); 4] = [
    ("serial", Family::Process, false),
    ("parallel", Family::Process, true),
    ("file_serial", Family::File, false),
    ("file_parallel", Family::File, true),
];

/// `serial` and `parallel`, or their siblings that span processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    Process,
    File,
}

/// A key; the empty one is that of the attributes without any.
pub type Key = (Family, String);

/// A source file, and what it has of serial_test.
#[derive(Debug)]
pub struct Source {
    pub path: PathBuf,
    /// Which package it belongs to.
    pub package: usize,
    pub text: String,
    pub uses: Vec<Use>,
    pub imports: Vec<Import>,
    pub undecided: Vec<Undecided>,
    /// It names the crate where no attribute and no import does.
    pub needs_crate: bool,
}

/// One attribute above one item.
#[derive(Debug)]
pub struct Use {
    /// `serial`, `parallel` or one of their siblings.
    pub name: String,
    pub line: usize,
    pub range: Range<usize>,
    pub keys: Vec<Key>,
    pub shared: bool,
    /// With the crate: `serial_test::serial`.
    pub qualified: bool,
    /// Where the test attribute is, if it stands before this one.
    pub test: Option<usize>,
    /// The function's name, and those of the functions that it calls.
    pub function: String,
    pub calls: BTreeSet<String>,
}

/// `use serial_test::{..};`
#[derive(Debug)]
pub struct Import {
    pub range: Range<usize>,
    /// What it imports besides attributes.
    pub others: Vec<String>,
    /// The attributes that it imports.
    pub attributes: Vec<String>,
}

/// What keeps keys as they are.
#[derive(Debug)]
pub struct Undecided {
    pub line: usize,
    pub why: String,
    /// `None` if they cannot be told: then it may be any.
    pub keys: Option<Vec<Key>>,
}

impl Source {
    /// Reads a file. An error says why it cannot be read.
    pub fn parse(path: PathBuf, package: usize, text: String) -> Result<Self, String> {
        let file = syn::parse_file(&text).map_err(|error| error.to_string())?;
        let mut source = Self {
            path,
            package,
            uses: Vec::new(),
            imports: Vec::new(),
            undecided: Vec::new(),
            needs_crate: false,
            text,
        };
        source.visit_file(&file);
        // A byte order mark or `#!` at the start moves all places.
        let are_right = |it: &Use| source.text[it.range.clone()].starts_with("#[");
        if !source.uses.iter().all(are_right) {
            return Err("its places cannot be told".to_owned());
        }
        if let Ok(tokens) = source.text.parse::<TokenStream>() {
            source.find_functions(tokens);
        }
        Ok(source)
    }

    pub fn is_empty(&self) -> bool {
        self.uses.is_empty()
            && self.imports.is_empty()
            && self.undecided.is_empty()
            && !self.needs_crate
    }

    /// The attributes above an item with this name.
    fn item(&mut self, name: &str, attributes: &[syn::Attribute], item: Item, calls: &Calls) {
        let is_test = |it: &&syn::Attribute| {
            let mut path = it.path().segments.iter();
            attribute(it.path()).is_none()
                && path.any(|word| word.ident.to_string().contains("test"))
        };
        let test = attributes.iter().find(is_test);
        for (at, own) in attributes.iter().enumerate() {
            let Some((family, shared)) = attribute(own.path()) else {
                continue;
            };
            let (line, range) = (own.span().start().line, own.span().byte_range());
            let (keys, problem) = arguments(family, own);
            let below = &attributes[at + 1..];
            let timeout = below.iter().any(|it| last(it.path()) == "timeout");
            let problem = match item {
                _ if problem.is_some() => problem,
                Item::Function if test.is_none() => Some(
                    "this is no test: a test that holds the same pool and calls it would fail, as \
                     pools are not reentrant",
                ),
                Item::Function if timeout => Some(
                    "the timeout below it would count the wait: let the body limit its own time",
                ),
                _ => None,
            };
            if let Some(why) = problem {
                self.undecided.push(Undecided {
                    line,
                    why: why.to_owned(),
                    keys: Some(keys.clone()),
                });
            }
            let start = test.map(|test| test.span().byte_range().start);
            self.uses.push(Use {
                name: last(own.path()),
                line,
                test: start.filter(|start| *start < range.start),
                range,
                keys,
                shared,
                qualified: own.path().segments.len() > 1,
                function: name.to_owned(),
                calls: calls.0.clone(),
            });
        }
        for own in attributes {
            self.doubtful_attribute(own);
        }
    }

    /// Attributes of which only the compiler knows whether they are there.
    fn doubtful_attribute(&mut self, own: &syn::Attribute) {
        if let syn::Meta::List(list) = &own.meta
            && list.path.is_ident("cfg_attr")
        {
            self.find_attributes(list.tokens.clone(), "it stands in a `cfg_attr`");
        }
    }

    /// Attributes in tokens that are not read as items.
    fn find_attributes(&mut self, tokens: TokenStream, why: &str) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        for (at, token) in tokens.iter().enumerate() {
            let word = match token {
                TokenTree::Group(group) => {
                    self.find_attributes(group.stream(), why);
                    continue;
                }
                TokenTree::Ident(word) => word.to_string(),
                _ => continue,
            };
            let known = ATTRIBUTES.iter().find(|(name, ..)| *name == word);
            let Some((_, family, _)) = known else {
                continue;
            };
            // `#[serial`, or the end of a path in such a place.
            let is_attribute = match at.checked_sub(1).map(|before| &tokens[before]) {
                None => true,
                Some(TokenTree::Punct(punct)) => matches!(punct.as_char(), ':' | ','),
                Some(_) => false,
            };
            if !is_attribute {
                continue;
            }
            let keys = match tokens.get(at + 1) {
                Some(TokenTree::Group(group)) => read_keys(*family, group.stream()).0,
                _ => vec![(*family, String::new())],
            };
            self.needs_crate = true;
            self.undecided.push(Undecided {
                line: word_line(token),
                why: why.to_owned(),
                keys: Some(keys),
            });
        }
    }

    /// The crate's functions, and its name in the documentation.
    fn find_functions(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        for (at, token) in tokens.iter().enumerate() {
            match token {
                TokenTree::Group(group) => self.find_functions(group.stream()),
                TokenTree::Literal(text) if text.to_string().contains("serial_test") => {
                    self.needs_crate = true;
                }
                TokenTree::Ident(word) => {
                    let word = word.to_string();
                    let family = match word.as_str() {
                        "is_locked_serially" => Family::Process,
                        "is_locked_file_serially" => Family::File,
                        _ if word.starts_with("local_") && word.contains("_core") => {
                            Family::Process
                        }
                        _ if word.starts_with("fs_") && word.contains("_core") => Family::File,
                        _ => continue,
                    };
                    let Some(TokenTree::Group(group)) = tokens.get(at + 1) else {
                        continue;
                    };
                    if group.delimiter() != Delimiter::Parenthesis {
                        continue;
                    }
                    self.needs_crate = true;
                    self.undecided.push(Undecided {
                        line: word_line(token),
                        why: format!("pools have no `{word}`"),
                        keys: texts(family, group.stream()),
                    });
                }
                _ => {}
            }
        }
    }
}

#[derive(Clone, Copy)]
enum Item {
    Function,
    Module,
}

/// What a function calls, by the last words.
#[derive(Default)]
struct Calls(BTreeSet<String>);

impl<'ast> Visit<'ast> for Calls {
    fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
        if let syn::Expr::Path(path) = &*call.func {
            self.0.insert(last(&path.path));
        }
        visit::visit_expr_call(self, call);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        fn words(tokens: TokenStream, found: &mut BTreeSet<String>) {
            for token in tokens {
                match token {
                    TokenTree::Group(group) => words(group.stream(), found),
                    TokenTree::Ident(word) => drop(found.insert(word.to_string())),
                    _ => {}
                }
            }
        }
        words(call.tokens.clone(), &mut self.0);
    }
}

impl<'ast> Visit<'ast> for Source {
    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        let mut calls = Calls::default();
        calls.visit_block(&function.block);
        let name = function.sig.ident.to_string();
        self.item(&name, &function.attrs, Item::Function, &calls);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        let name = function.sig.ident.to_string();
        self.item(&name, &function.attrs, Item::Function, &Calls::default());
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        let mut calls = Calls::default();
        for item in module.content.iter().flat_map(|(_, items)| items) {
            calls.visit_item(item);
        }
        self.item("", &module.attrs, Item::Module, &calls);
        visit::visit_item_mod(self, module);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.find_attributes(call.tokens.clone(), "it stands in a macro");
    }

    fn visit_item_extern_crate(&mut self, item: &'ast syn::ItemExternCrate) {
        self.needs_crate |= item.ident == "serial_test";
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        let mut names = Vec::new();
        let Some(is_plain) = imported(&item.tree, &mut names) else {
            return;
        };
        let is_private = matches!(item.vis, syn::Visibility::Inherited);
        if !is_plain || !is_private {
            self.needs_crate = true;
            self.undecided.push(Undecided {
                line: item.span().start().line,
                why: "what is exported again, or under another name, may be used anywhere"
                    .to_owned(),
                keys: None,
            });
            return;
        }
        let is_attribute = |name: &String| ATTRIBUTES.iter().any(|(known, ..)| known == name);
        let (attributes, others) = names.into_iter().partition(is_attribute);
        let start = item.use_token.span().byte_range().start;
        self.imports.push(Import {
            range: start..item.semi_token.span().byte_range().end,
            attributes,
            others,
        });
    }
}

/// The names that are imported from serial_test, and whether under their own names; `None`
/// if nothing is.
fn imported(tree: &syn::UseTree, names: &mut Vec<String>) -> Option<bool> {
    let syn::UseTree::Path(path) = tree else {
        return None;
    };
    if path.ident != "serial_test" {
        return None;
    }
    let mut is_plain = true;
    let mut rest = vec![&*path.tree];
    while let Some(tree) = rest.pop() {
        match tree {
            syn::UseTree::Name(name) => names.push(name.ident.to_string()),
            syn::UseTree::Glob(_) => names.push("*".to_owned()),
            syn::UseTree::Group(group) => rest.extend(&group.items),
            syn::UseTree::Rename(_) | syn::UseTree::Path(_) => is_plain = false,
        }
    }
    names.sort();
    Some(is_plain)
}

/// Which attribute of serial_test this is the path of.
fn attribute(path: &syn::Path) -> Option<(Family, bool)> {
    let name = last(path);
    let own = match path.segments.len() {
        1 => true,
        2 => path.segments[0].ident == "serial_test",
        _ => false,
    };
    let known = ATTRIBUTES
        .iter()
        .find(|(known, ..)| own && *known == name)?;
    Some((known.1, known.2))
}

fn last(path: &syn::Path) -> String {
    let word = path.segments.last();
    word.map(|word| word.ident.to_string()).unwrap_or_default()
}

/// The keys of an attribute, and what it has besides that no pool has.
fn arguments(family: Family, attribute: &syn::Attribute) -> (Vec<Key>, Option<&'static str>) {
    match &attribute.meta {
        syn::Meta::List(list) => read_keys(family, list.tokens.clone()),
        _ => (vec![(family, String::new())], None),
    }
}

fn read_keys(family: Family, tokens: TokenStream) -> (Vec<Key>, Option<&'static str>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let is_comma = |token: &TokenTree| matches!(token, TokenTree::Punct(it) if it.as_char() == ',');
    let (mut keys, mut problem) = (Vec::new(), None);
    for part in tokens.split(is_comma).filter(|part| !part.is_empty()) {
        match part {
            [TokenTree::Ident(word)] => keys.push((family, word.to_string())),
            [TokenTree::Ident(word), ..] => {
                problem = Some(match word.to_string().as_str() {
                    "path" => {
                        "a pool is shared by its `scope` or `dir` in Cargo.toml, not by a path"
                    }
                    "inner_attrs" => {
                        "what is below the test attribute counts for the body: where these attributes go is yours to say"
                    }
                    _ => "it finds its crate by `crate = ..`",
                });
            }
            _ => problem = Some("it cannot be read"),
        }
    }
    if keys.is_empty() {
        keys.push((family, String::new()));
    }
    keys.sort();
    keys.dedup();
    (keys, problem)
}

/// The keys that are given as texts, or as `None`; `None` if there are none.
fn texts(family: Family, tokens: TokenStream) -> Option<Vec<Key>> {
    let mut keys = Vec::new();
    let mut rest = vec![tokens];
    while let Some(tokens) = rest.pop() {
        for token in tokens {
            match token {
                TokenTree::Group(group) => rest.push(group.stream()),
                TokenTree::Literal(text) => {
                    if let Ok(text) = syn::parse2::<syn::LitStr>(TokenTree::from(text).into()) {
                        keys.push((family, text.value()));
                    }
                }
                TokenTree::Ident(word) if word == "None" => keys.push((family, String::new())),
                _ => {}
            }
        }
    }
    (!keys.is_empty()).then_some(keys)
}

fn word_line(token: &TokenTree) -> usize {
    token.span().start().line
}
