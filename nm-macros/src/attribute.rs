//! An attribute above an item, and the tokens that attributes are made of.

use proc_macro2::{Delimiter, Group, Punct, Span, TokenStream, TokenTree};
use quote::ToTokens;
use std::iter::Peekable;

/// An outer attribute, read no further than is needed to know whose it is.
#[derive(Clone)]
pub struct Attribute {
    pound: Punct,
    brackets: Group,
    path: Vec<TokenTree>,
    /// What follows the path: nothing, one group, or `= value`.
    rest: Vec<TokenTree>,
}

impl Attribute {
    pub fn new(pound: Punct, brackets: Group) -> Attribute {
        let mut tokens = flatten(brackets.stream()).into_iter().peekable();
        Attribute {
            path: path(&mut tokens),
            rest: tokens.collect(),
            pound,
            brackets,
        }
    }

    pub fn path(&self) -> TokenStream {
        self.path.iter().cloned().collect()
    }

    pub fn span(&self) -> Span {
        self.path
            .first()
            .map_or_else(|| self.brackets.span(), TokenTree::span)
    }

    pub fn is_shared_resource(&self) -> bool {
        is_shared_resource(&self.path)
    }

    /// What stands between the parentheses; `None` when something else does.
    pub fn arguments(&self) -> Option<TokenStream> {
        match self.rest.as_slice() {
            [] => Some(TokenStream::new()),
            [TokenTree::Group(group)] => Some(group.stream()),
            _ => None,
        }
    }

    /// Marks a function as a test, also when only under some configuration.
    pub fn is_test(&self) -> bool {
        is_test(&self.path) || self.conditional().iter().any(Attribute::is_test)
    }

    /// `cfg_attr(.., shared_resource(..))`: whether it counts is not known yet.
    pub fn is_conditional_shared_resource(&self) -> bool {
        self.conditional()
            .iter()
            .any(|applied| applied.is_shared_resource() || applied.is_conditional_shared_resource())
    }

    /// Certainly leaves parameters unfilled, so that rustc would refuse them.
    pub fn fills_no_parameter(&self) -> bool {
        const RUNTIMES: [&str; 9] = [
            "core",
            "std",
            "tokio",
            "async_std",
            "smol_potat",
            "actix",
            "actix_rt",
            "actix_web",
            "ntex",
        ];
        const INERT: [&str; 14] = [
            "allow",
            "cfg",
            "cold",
            "deny",
            "deprecated",
            "doc",
            "expect",
            "forbid",
            "ignore",
            "inline",
            "must_use",
            "should_panic",
            "track_caller",
            "warn",
        ];
        let mut words = words(&self.path);
        match (words.next(), words.last()) {
            (Some(only), None) => only == "test" || INERT.contains(&only.as_str()),
            (Some(runtime), Some(last)) => last == "test" && RUNTIMES.contains(&runtime.as_str()),
            (None, _) => false,
        }
    }

    /// What a `cfg_attr` waits for; `None` of anything else.
    pub fn condition(&self) -> Option<TokenStream> {
        Some(self.cfg_attr()?.first()?.iter().cloned().collect())
    }

    /// The attributes that a `cfg_attr` applies.
    pub fn conditional(&self) -> Vec<Attribute> {
        let parts = self.cfg_attr().unwrap_or_default();
        let applied = parts.into_iter().skip(1).map(|tokens| {
            let mut brackets = Group::new(Delimiter::Bracket, tokens.into_iter().collect());
            brackets.set_span(self.brackets.span());
            Attribute::new(self.pound.clone(), brackets)
        });
        applied.collect()
    }

    fn cfg_attr(&self) -> Option<Vec<Vec<TokenTree>>> {
        (self.last()? == "cfg_attr").then(|| split_at_commas(self.tokens()))
    }

    /// The first word of its path: `case` of `case::of_two`.
    pub fn first(&self) -> Option<String> {
        words(&self.path).next()
    }

    /// The last word of its path.
    pub fn last(&self) -> Option<String> {
        last(&self.path)
    }

    /// What follows its path, without the parentheses.
    pub fn tokens(&self) -> Vec<TokenTree> {
        match self.rest.as_slice() {
            [TokenTree::Group(group)] => flatten(group.stream()),
            rest => rest.to_vec(),
        }
    }
}

impl ToTokens for Attribute {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.pound.to_tokens(tokens);
        self.brackets.to_tokens(tokens);
    }
}

fn is_shared_resource(path: &[TokenTree]) -> bool {
    last(path).is_some_and(|last| last == "shared_resource")
}

fn is_test(path: &[TokenTree]) -> bool {
    // Most end in `test`: `rstest`, `gtest`, `proptest`, `wasm_bindgen_test`.
    const OTHERS: [&str; 6] = [
        "apply", // smol's `#[apply(test!)]`, rstest_reuse's templates
        "bench",
        "case",
        "quickcheck",
        "test_case",
        "test_matrix",
    ];
    last(path).is_some_and(|last| last.ends_with("test") || OTHERS.contains(&last.as_str()))
}

/// The path that `tokens` start with.
fn path(tokens: &mut Peekable<impl Iterator<Item = TokenTree>>) -> Vec<TokenTree> {
    std::iter::from_fn(|| {
        tokens.next_if(|token| match token {
            TokenTree::Ident(_) => true,
            TokenTree::Punct(punct) => punct.as_char() == ':',
            _ => false,
        })
    })
    .collect()
}

fn words(path: &[TokenTree]) -> impl Iterator<Item = String> {
    path.iter().filter_map(|token| match token {
        TokenTree::Ident(ident) => Some(ident.to_string()),
        _ => None,
    })
}

fn last(path: &[TokenTree]) -> Option<String> {
    words(path).last()
}

/// Splits `a = 1, b = [2, 3],` into `a = 1` and `b = [2, 3]`.
pub fn split_at_commas(tokens: Vec<TokenTree>) -> Vec<Vec<TokenTree>> {
    let mut parts = vec![Vec::new()];
    for token in tokens {
        match token {
            TokenTree::Punct(punct) if punct.as_char() == ',' => parts.push(Vec::new()),
            token => parts.last_mut().expect("never empty").push(token),
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// Takes off the invisible groups that `macro_rules!` puts around a fragment.
pub fn flatten(tokens: TokenStream) -> Vec<TokenTree> {
    let mut flat = Vec::new();
    for token in tokens {
        match token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::None => {
                flat.extend(flatten(group.stream()));
            }
            token => flat.push(token),
        }
    }
    flat
}
