//! `#[resource]`: registers the life of a pool's resources, or its allocator.

use crate::attribute::{flatten, split_at_commas};
use crate::mistakes::Mistakes;
use crate::spelling;
use crate::value::is_path;
use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};
use quote::{quote, quote_spanned};
use syn::{Error, LitStr};

const OPTIONS: [&str; 3] = ["pool", "with", "crate"];
const MISPLACED: &str = "#[resource] goes above `impl Resource for ..` or `impl Allocator for ..`";

/// The attribute above an `impl Resource for T`: leaves it as it is, and registers
/// a `T`.
pub fn resource(args: TokenStream, item: TokenStream) -> TokenStream {
    let mut mistakes = Mistakes::default();
    let args = Args::parse(args, &mut mistakes);
    let implementer = implementer(&item);
    if implementer.is_none() {
        let at = item.clone().into_iter().next();
        mistakes.at(
            at.map_or_else(Span::call_site, |token| token.span()),
            MISPLACED,
        );
    }
    let (Some(pool), Some((of, ty)), true) = (args.pool, implementer, mistakes.is_empty()) else {
        let errors = mistakes.into_compile_error();
        return quote!(#item #errors);
    };
    let path = args.krate.unwrap_or_else(|| quote!(::name_manager));
    // On the type, so that rustc says of it what it lacks.
    let at = ty
        .clone()
        .into_iter()
        .next()
        .map_or_else(Span::call_site, |token| token.span());
    let make = args.with.unwrap_or_else(|| {
        quote_spanned!(Span::mixed_site().located_at(at)=> <#ty as ::core::default::Default>::default())
    });
    let ((entry, spec, boxed), manifest_dir) = match of {
        Trait::Resource => (
            (quote!(Resource), quote!(ResourceSpec), quote!(boxed)),
            quote!(manifest_dir: ::core::env!("CARGO_MANIFEST_DIR"),),
        ),
        Trait::Allocator => (
            (
                quote!(Allocator),
                quote!(AllocatorSpec),
                quote!(boxed_allocator),
            ),
            quote!(),
        ),
    };
    quote_spanned! {Span::mixed_site()=>
        #item
        const _: () = {
            #path::__private0::register!(__ENTRY, #path::__private0::Entry::#entry(#path::__private0::#spec {
                pool: #pool,
                make: || { let __value = #make; #path::__private0::#boxed(__value) },
                #manifest_dir
                module: ::core::module_path!(),
                place: #path::__private0::Place { file: ::core::file!(), line: ::core::line!() },
            }));
        };
    }
}

#[derive(Default)]
struct Args {
    pool: Option<LitStr>,
    /// An expression, which the compiler reads.
    with: Option<TokenStream>,
    krate: Option<TokenStream>,
}

impl Args {
    fn parse(tokens: TokenStream, mistakes: &mut Mistakes) -> Self {
        let mut args = Self::default();
        let mut seen = Vec::new();
        for option in split_at_commas(flatten(tokens)) {
            let mut tokens = option.into_iter();
            let (key, equals) = (tokens.next(), tokens.next());
            let value: TokenStream = tokens.collect();
            let Some(key @ TokenTree::Ident(_)) = key else {
                mistakes.at(Span::call_site(), "expected options like `pool = \"db\"`");
                continue;
            };
            let name = key.to_string();
            if !matches!(&equals, Some(TokenTree::Punct(punct)) if punct.as_char() == '=') {
                mistakes.at(key.span(), format!("expected a value: write `{name} = ..`"));
                continue;
            }
            if seen.contains(&name) {
                mistakes.at(
                    key.span(),
                    format!("option `{name}` is given twice; keep one"),
                );
            }
            match name.as_str() {
                "pool" => args.pool = mistakes.keep(pool(value)),
                "with" => args.with = mistakes.keep(expression(value, key.span())),
                "crate" => args.krate = mistakes.keep(path(value)),
                _ => mistakes.at(key.span(), spelling::unknown_option(&name, &OPTIONS)),
            }
            seen.push(name);
        }
        if !seen.iter().any(|name| name == "pool") {
            mistakes.at(Span::call_site(), "expected a pool: write `pool = \"db\"`");
        }
        args
    }
}

fn pool(value: TokenStream) -> syn::Result<LitStr> {
    let pool: LitStr = syn::parse2(value)?;
    match spelling::pool(&pool.value()) {
        Ok(()) => Ok(pool),
        Err(mistake) => Err(Error::new(pool.span(), mistake)),
    }
}

fn expression(value: TokenStream, key: Span) -> syn::Result<TokenStream> {
    if value.is_empty() {
        return Err(Error::new(key, "expected a value: write `with = ..`"));
    }
    let is_end = |token: &TokenTree| matches!(token, TokenTree::Punct(end) if end.as_char() == ';');
    if let Some(end) = value.clone().into_iter().find(is_end) {
        let mistake = "`with` takes one expression: write `with = { ..; .. }` around statements";
        return Err(Error::new(end.span(), mistake));
    }
    Ok(value)
}

fn path(value: TokenStream) -> syn::Result<TokenStream> {
    if is_path(&value) {
        return Ok(value);
    }
    let mistake = "`crate` takes a path: write `crate = path::to::name_manager`";
    Err(Error::new_spanned(value, mistake))
}

enum Trait {
    Resource,
    Allocator,
}

/// The trait and the type of an `impl Trait for Type { .. }`.
fn implementer(item: &TokenStream) -> Option<(Trait, TokenStream)> {
    let mut tokens = item.clone().into_iter().peekable();
    while let Some(TokenTree::Punct(punct)) = tokens.peek()
        && punct.as_char() == '#'
    {
        tokens.next();
        tokens.next();
    }
    if !is_word(&tokens.next()?, "impl") {
        return None;
    }
    let of = tokens
        .by_ref()
        .take_while(|token| !is_word(token, "for"))
        .last()?;
    let of = match of.to_string().as_str() {
        "Resource" => Trait::Resource,
        "Allocator" => Trait::Allocator,
        _ => return None,
    };
    let end = |token: &TokenTree| {
        let body =
            matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace);
        body || is_word(token, "where")
    };
    let ty: TokenStream = tokens.take_while(|token| !end(token)).collect();
    (!ty.is_empty()).then_some((of, ty))
}

fn is_word(token: &TokenTree, word: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident == word)
}
