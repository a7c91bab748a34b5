//! The expansion of one test or other function: the leases before its body, and a test's
//! parameters.

use crate::args::Args;
use crate::attribute::Attribute;
use crate::item::Item;
use crate::mistakes::Mistakes;
use crate::panics::{AnyPanic, must_panic};
use crate::parameter;
use crate::requests;
use crate::signature::{Parameter, Signature};
use proc_macro2::{Delimiter, Group, Literal, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::Ident;
use syn::spanned::Spanned;

/// A function with everything in place, or as it was when a mistake forbids that:
/// one in the requests (not `sound`), or one that is found here.
pub fn function(
    item: Item,
    requests: &[&Args],
    sound: bool,
    mistakes: &mut Mistakes,
) -> TokenStream {
    let Some(mut signature) = mistakes.keep(Signature::parse(&item)) else {
        return item.into_token_stream();
    };
    let Some(body) = item.body.as_ref().filter(|_| !signature.constant) else {
        mistakes.on(&signature.name, "a lease is held while a body runs: a function without one, or a `const fn`, can hold none");
        return item.into_token_stream();
    };
    let is_test = item.is_test();
    let strict = is_test && item.attributes.iter().all(Attribute::fills_no_parameter);
    let inputs = std::mem::take(&mut signature.parameters);
    let mut own_mistakes = Mistakes::default();
    if is_expanded(body) {
        let span = requests.last().map_or(body.span(), |request| request.span);
        own_mistakes.at(span, UNRECOGNISED);
    }
    let mut parameters = match is_test {
        true => parameter::share_out(inputs, requests, &signature.name, &mut own_mistakes),
        false => parameter::keep_all(inputs, requests, &mut own_mistakes),
    };
    if strict && sound && own_mistakes.is_empty() {
        parameters.refuse_kept(requests, &mut own_mistakes);
    }
    let sound = sound && own_mistakes.is_empty();
    mistakes.append(own_mistakes);
    let body_span = body.span();
    let (inner, body) = split_inner_attributes(body);
    let before = if !is_test && !sound {
        TokenStream::new()
    } else if sound {
        let panics = AnyPanic::of(&item.attributes, &signature);
        let must_panic = must_panic(&item.attributes);
        setup(&signature, requests, &parameters.filled, panics, must_panic)
    } else {
        leave_unfilled(&parameters.take_unfilled(strict))
    };
    let run = run(&body);
    signature.parameters = parameters.kept;
    let attributes = &item.attributes;
    // The user's braces, so that what rustc says of the function points at it.
    let mut block = Group::new(Delimiter::Brace, quote!(#inner #before #run));
    block.set_span(body_span);
    quote!(#(#attributes)* #signature #block)
}

/// Takes all leases, and binds the parameters.
fn setup(
    signature: &Signature,
    requests: &[&Args],
    filled: &[(usize, Parameter)],
    panics: Option<AnyPanic>,
    must_panic: Option<TokenStream>,
) -> TokenStream {
    let path = requests::path_to(requests);
    let is_filled = |request| filled.iter().any(|(index, _)| *index == request);
    let texts = requests::text(requests, is_filled);
    let lines = requests
        .iter()
        .map(|request| line([request.span, request.first_option], &signature.name));
    let mutability = (!filled.is_empty()).then(|| quote!(mut));
    let bindings = filled.iter().map(|(index, parameter)| {
        let Parameter {
            attributes,
            pattern,
            ty,
        } = parameter;
        // What cannot be made from a lease is the type's mistake.
        let take = quote_spanned!(Span::mixed_site().located_at(ty.span())=> take);
        let value = quote_spanned!(Span::mixed_site()=> __leases.#take(#index));
        let value = before_panic(&path, panics.as_ref(), value);
        quote_spanned!(Span::mixed_site()=> #attributes let #pattern: #ty = #value;)
    });
    let leases = leases(&path, signature, &texts, lines, must_panic);
    let leases = before_panic(&path, panics.as_ref(), leases);
    quote_spanned! {Span::mixed_site()=>
        let #mutability __leases = #leases;
        #(#bindings)*
    }
}

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

/// Gives the parameters a type and no value, so that a body that will never run
/// is still checked and completed.
fn leave_unfilled(parameters: &[Parameter]) -> TokenStream {
    let bindings = parameters.iter().map(|parameter| {
        let Parameter {
            attributes,
            pattern,
            ty,
        } = parameter;
        quote_spanned! {Span::mixed_site()=>
            #attributes let #pattern: #ty = ::core::option::Option::None.unwrap();
        }
    });
    quote!(#(#bindings)*)
}

const UNRECOGNISED: &str = "two attributes here would be two requests, which can deadlock, since \
     one is not recognised by its name: import it as `shared_resource`, or write \
     `#[name_manager::shared_resource(..)]`";

/// Whether it is what this file makes of a body.
fn is_expanded(body: &Group) -> bool {
    let (_, body) = split_inner_attributes(body);
    let TokenTree::Group(body) = body else {
        return false;
    };
    let mut tokens = body.stream().into_iter();
    let is = |token: Option<TokenTree>, word: &str| matches!(token, Some(TokenTree::Ident(ident)) if ident == word);
    is(tokens.next(), "let")
        && tokens
            .find(|token| !matches!(token, TokenTree::Ident(word) if word == "mut"))
            .is_some_and(|token| is(Some(token), "__leases"))
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
