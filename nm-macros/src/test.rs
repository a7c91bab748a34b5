//! The expansion of one test or other function: the leases before its body, and a test's
//! parameters.

use crate::args::Args;
use crate::attribute::Attribute;
use crate::body::{before_panic, leases, line, run, split_inner_attributes};
use crate::item::Item;
use crate::mistakes::Mistakes;
use crate::panics::{AnyPanic, must_panic};
use crate::parameter;
use crate::requests;
use crate::signature::{Parameter, Signature};
use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
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
