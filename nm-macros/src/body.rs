//! What goes before and around the body of a function that holds something.

use crate::panics::AnyPanic;
use crate::signature::Signature;
use proc_macro2::{Delimiter, Group, Ident, Literal, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};

/// Registers what is asked for, and takes it.
pub fn leases(
    path: &TokenStream,
    signature: &Signature,
    texts: &str,
    lines: impl Iterator<Item = TokenStream>,
    must_panic: Option<TokenStream>,
) -> TokenStream {
    let test = signature.name.to_string();
    let asynchronous = signature.asynchronous;
    let must_panic = match must_panic {
        Some(condition) => quote_spanned!(Span::mixed_site()=> ::core::cfg!(#condition)),
        None => quote!(false),
    };
    quote_spanned! {Span::mixed_site()=>
        #path::__private0::leases!(#test, #asynchronous, #must_panic, #texts, #(#lines),*)
    }
}

/// What a test needs before its body, so that it fails without.
pub fn before_panic(
    path: &TokenStream,
    panics: Option<&AnyPanic>,
    value: TokenStream,
) -> TokenStream {
    let Some(AnyPanic {
        condition,
        fails_by_returning,
    }) = panics
    else {
        return value;
    };
    let value = quote_spanned!(Span::mixed_site()=> ::core::cfg!(#condition), || #value);
    match fails_by_returning {
        true => quote_spanned! {Span::mixed_site()=>
            match #path::__private0::or_return(#value) {
                ::core::option::Option::Some(__it) => __it,
                ::core::option::Option::None => return,
            }
        },
        false => quote_spanned!(Span::mixed_site()=> #path::__private0::or_exit(#value)),
    }
}

/// The line of the attribute. `line!()` alone would give every attribute of a
/// test the same, and those inside `proptest!` that of the `proptest!`. But an
/// attribute that a macro wrote may be in that macro's file, not in the test's.
pub fn line(spans: [Span; 2], function: &Ident) -> TokenStream {
    if !proc_macro::is_available() {
        return quote!(::core::line!()); // outside of rustc spans have no lines
    }
    let file = function.span().unwrap().file();
    let span = spans
        .into_iter()
        .map(Span::unwrap)
        .find(|span| span.file() == file);
    match span {
        Some(span) => Literal::usize_unsuffixed(span.line()).into_token_stream(),
        None => quote!(::core::line!()),
    }
}

/// The body. The arm of a `match` drops the temporaries of its last expression
/// before the leases, as with real parameters and in every edition. A `let` for
/// the result would do that too, but is unreachable when the body never returns,
/// and cannot name the type when that is an `impl Trait`. A plain block would not
/// do it before edition 2024, and lints call the user's braces superfluous.
pub fn run(body: &TokenTree) -> TokenStream {
    quote_spanned!(Span::mixed_site()=> match () { () => #body })
}

/// Inner attributes belong to the function, and stay first in it.
pub fn split_inner_attributes(body: &Group) -> (TokenStream, TokenTree) {
    let mut rest = body.stream().into_iter().peekable();
    let mut inner = TokenStream::new();
    loop {
        let mut ahead = rest.clone();
        match (ahead.next(), ahead.next(), ahead.next()) {
            (
                Some(TokenTree::Punct(pound)),
                Some(TokenTree::Punct(bang)),
                Some(TokenTree::Group(brackets)),
            ) if pound.as_char() == '#'
                && bang.as_char() == '!'
                && brackets.delimiter() == Delimiter::Bracket =>
            {
                inner.extend(rest.by_ref().take(3));
            }
            _ => break,
        }
    }
    if inner.is_empty() {
        return (inner, body.clone().into());
    }
    let mut group = Group::new(Delimiter::Brace, rest.collect());
    group.set_span(body.span());
    (inner, group.into())
}
