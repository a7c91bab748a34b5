//! What is fuzzed: see `nm-runtime/src/fuzz`.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;

use crate::{expand, spelling};

/// A target's name and what it does.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: [Target; 3] = [
    ("attribute", attribute),
    ("resource", resource),
    ("spelling", spelling),
];

/// Does what a target does.
#[cfg(fuzzing)]
pub fn run(target: &str, bytes: &[u8]) {
    let known = TARGETS.iter().find(|(name, _)| *name == target);
    let (_, run) = known.expect("a target of this name");
    run(bytes);
}

/// The arguments of `#[shared_resource]`, a zero, and what it stands above.
fn attribute(bytes: &[u8]) {
    let Some((args, item)) = read(bytes) else {
        return;
    };
    let expanded = expand::shared_resource(args, item.clone());
    check(&item, &expanded);
    // Also after a mistake there is a function, so that there is no second error.
    if let Ok(function) = syn::parse2::<syn::ItemFn>(item) {
        let name = function.sig.ident;
        let items = syn::parse2::<syn::File>(expanded).unwrap().items;
        let is_it =
            |item: &syn::Item| matches!(item, syn::Item::Fn(found) if found.sig.ident == name);
        assert!(items.iter().any(is_it), "`{name}` is gone");
    }
}

fn resource(bytes: &[u8]) {
    let Some((args, item)) = read(bytes) else {
        return;
    };
    let expanded = crate::resource::resource(args, item.clone());
    check(&item, &expanded);
    let (item, expanded) = (item.to_string(), expanded.to_string());
    assert!(expanded.starts_with(&item), "{item}\nis now\n{expanded}");
}

/// A text as the name of a pool and of a resource.
fn spelling(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else {
        return;
    };
    for refused in [spelling::pool(text), spelling::resource(text)] {
        if let Err(message) = refused {
            is_shown(&message);
        }
    }
    if let Ok(option) = syn::parse_str::<syn::Ident>(text) {
        let option = option.to_string();
        is_shown(&spelling::unknown_option(&option, &["pool", "max"]));
    }
}

fn is_shown(message: &str) {
    assert!(!message.contains(char::is_control), "{message:?}");
}

fn read(bytes: &[u8]) -> Option<(TokenStream, TokenStream)> {
    let (args, item) = str::from_utf8(bytes).ok()?.split_once('\0')?;
    let tokens = |text: &str| -> Option<TokenStream> {
        let tokens: TokenStream = text.parse().ok()?;
        (depth(tokens.clone()) <= DEEPEST).then_some(tokens)
    };
    Some((tokens(args)?, tokens(item)?))
}

/// rustc refuses what is nested deeper, before it asks us.
const DEEPEST: usize = 64;

fn depth(tokens: TokenStream) -> usize {
    let depths = tokens.into_iter().map(|token| match token {
        TokenTree::Group(group) => 1 + depth(group.stream()),
        _ => 0,
    });
    depths.max().unwrap_or(0)
}

/// What was an item is items now, and what was none, or was used wrongly, has an
/// error that says so.
fn check(item: &TokenStream, expanded: &TokenStream) {
    let is_item = syn::parse2::<syn::Item>(item.clone()).is_ok();
    let expanded = syn::parse2::<syn::File>(expanded.clone());
    match expanded {
        Ok(_) => {}
        Err(error) if is_item => panic!("{error}\n{}", expanded_text(item)),
        Err(_) => {}
    }
}

fn expanded_text(item: &TokenStream) -> String {
    item.to_token_stream().to_string()
}

#[cfg(test)]
#[path = "../../fuzz/replay.rs"]
mod replay;

#[test]
fn inputs_that_mattered_once_break_no_promise() {
    replay::all(&TARGETS);
}
