//! What is fuzzed: see `nm-runtime/src/fuzz`.

use nm_words::{key, name};
use proc_macro2::{Span, TokenStream, TokenTree};
use quote::ToTokens;

use crate::keys::Keys;
use crate::mistakes::Mistakes;
use crate::{expand, spelling};

/// A target's name and what it does.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: [Target; 4] = [
    ("attribute", attribute),
    ("resource", resource),
    ("serial", serial),
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
    keeps_the_function(item, expanded);
}

/// Also after a mistake there is a function, so that there is no second error.
fn keeps_the_function(item: TokenStream, expanded: TokenStream) {
    if let Ok(function) = syn::parse2::<syn::ItemFn>(item) {
        let name = function.sig.ident;
        let items = syn::parse2::<syn::File>(expanded).unwrap().items;
        let is_it =
            |item: &syn::Item| matches!(item, syn::Item::Fn(found) if found.sig.ident == name);
        assert!(items.iter().any(is_it), "`{name}` is gone");
    }
}

/// The arguments of `#[serial]` and its siblings, a zero, and what they stand above.
fn serial(bytes: &[u8]) {
    let Some((args, item)) = read(bytes) else {
        return;
    };
    let mut mistakes = Mistakes::default();
    let keys = Keys::parse(args.clone(), Span::call_site(), &mut mistakes);
    for key in &keys.keys {
        for pool in [key::in_process(key), key::across_processes(key)] {
            assert_eq!(name::check_pool(&pool), Ok(()), "{key}");
        }
    }
    if let Some(path) = keys.absolute_path() {
        let pool = key::at_path(&path);
        assert_eq!(name::check_pool(&pool), Ok(()), "{}", path.display());
    }
    for attr in crate::serial::ALL {
        let expanded = crate::serial::expand(attr, args.clone(), item.clone());
        // What stands in `inner_attrs` or behind `crate =` is written as it is.
        let is_ours = keys.inner_attrs.is_empty() && keys.krate.is_none();
        if is_ours || !mistakes.is_empty() {
            check(&item, &expanded);
            keeps_the_function(item.clone(), expanded);
        }
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
