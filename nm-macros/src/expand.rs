//! `#[shared_resource]`: what it stands above decides how it is expanded.

use crate::args::Args;
use crate::item::{Items, Kind};
use crate::mistakes::Mistakes;
use crate::{module, requests, test};
use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};

/// The attribute, above whatever it stands above.
pub fn shared_resource(args: TokenStream, tokens: TokenStream) -> TokenStream {
    if requests::is_taken_off(&args) {
        return TokenStream::new();
    }
    let mut mistakes = Mistakes::default();
    let span = Span::call_site();
    let first = requests::read(args, span, &mut mistakes);
    let Some(mut item) = Items::new(tokens).next() else {
        mistakes.at(span, MISPLACED);
        return mistakes.into_compile_error();
    };
    let mut requests = vec![first];
    requests.extend(requests::take(&mut item.attributes, &mut mistakes));
    requests::refuse_twice(&requests, &mut mistakes);
    let taken_off = requests::taken_off(&requests);
    let items = match item.kind() {
        Kind::Function => {
            let requests: Vec<&Args> = requests.iter().collect();
            let sound = mistakes.is_empty();
            test::function(item, &requests, sound, &mut mistakes)
        }
        Kind::Module => {
            let sound = mistakes.is_empty();
            module::module(item, requests, &[], sound, &mut mistakes).tokens
        }
        Kind::Proptest => {
            mistakes.at(
                span,
                "`#[shared_resource]` goes on the tests inside `proptest!`, or on a module around it",
            );
            item.into_token_stream()
        }
        Kind::Other(what) => {
            mistakes.at(span, format!("{MISPLACED}, not on {what}"));
            item.into_token_stream()
        }
    };
    let errors = mistakes.into_compile_error();
    quote!(#taken_off #items #errors)
}

const MISPLACED: &str = "#[shared_resource] goes on a function or on a module of tests";
