//! `#[serial]` and its siblings: the attributes of serial_test, for the package that takes
//! its place.

use crate::attribute::Attribute;
use crate::body;
use crate::item::{Item, Items, Kind};
use crate::keys::Keys;
use crate::mistakes::Mistakes;
use crate::panics::{AnyPanic, must_panic};
use crate::signature::Signature;
use nm_words::key;
use nm_words::request::{self, Request};
use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};

/// Which of the attributes it is.
#[derive(Clone, Copy)]
pub struct Attr {
    pub name: &'static str,
    /// Beside others like it.
    pub shared: bool,
    /// Between all processes, not only between the threads of one.
    pub across_processes: bool,
}

pub const SERIAL: Attr = Attr {
    name: "serial",
    shared: false,
    across_processes: false,
};
pub const PARALLEL: Attr = Attr {
    name: "parallel",
    shared: true,
    across_processes: false,
};
pub const FILE_SERIAL: Attr = Attr {
    name: "file_serial",
    shared: false,
    across_processes: true,
};
pub const FILE_PARALLEL: Attr = Attr {
    name: "file_parallel",
    shared: true,
    across_processes: true,
};
/// All of them.
#[cfg(any(test, fuzzing))]
pub const ALL: [Attr; 4] = [SERIAL, PARALLEL, FILE_SERIAL, FILE_PARALLEL];

/// The attribute, above whatever it stands above.
pub fn expand(attr: Attr, args: TokenStream, tokens: TokenStream) -> TokenStream {
    let mut mistakes = Mistakes::default();
    let span = Span::call_site();
    let keys = Keys::parse(args, span, &mut mistakes);
    let sound = mistakes.is_empty();
    let misplaced = format!(
        "`#[{}]` goes on a function or on a module of tests",
        attr.name
    );
    let Some(item) = Items::new(tokens).next() else {
        mistakes.at(span, misplaced);
        return mistakes.into_compile_error();
    };
    let item = match item.kind() {
        _ if !sound => item.into_token_stream(),
        Kind::Function => function(attr, item, &keys, &mut mistakes),
        Kind::Module => module(attr, item, &keys, &mut mistakes),
        Kind::Proptest => {
            mistakes.at(span, format!("{misplaced}, not on a macro"));
            item.into_token_stream()
        }
        Kind::Other(what) => {
            mistakes.at(span, format!("{misplaced}, not on {what}"));
            item.into_token_stream()
        }
    };
    let errors = mistakes.into_compile_error();
    quote!(#item #errors)
}

/// A module, with each test in it expanded. Those of modules inside it are not: a crate
/// that relies on that would stand still if they were.
fn module(attr: Attr, mut item: Item, keys: &Keys, mistakes: &mut Mistakes) -> TokenStream {
    let Some(body) = item.body.take() else {
        return item.into_token_stream();
    };
    let mut members = TokenStream::new();
    for member in Items::new(body.stream()) {
        let is_test = member.attributes.iter().any(is_test);
        members.extend(match member.kind() {
            Kind::Function if is_test => function(attr, member, keys, mistakes),
            _ => member.into_token_stream(),
        });
    }
    let mut block = Group::new(Delimiter::Brace, members);
    block.set_span(body.span());
    item.body = Some(block);
    item.into_token_stream()
}

/// serial_test takes all attributes for tests that have the word in their path.
fn is_test(attribute: &Attribute) -> bool {
    attribute.is_test() || attribute.path().to_string().contains("test")
}

fn function(attr: Attr, item: Item, keys: &Keys, mistakes: &mut Mistakes) -> TokenStream {
    let Some(signature) = mistakes.keep(Signature::parse(&item)) else {
        return item.into_token_stream();
    };
    let Some(braces) = item.body.as_ref().filter(|_| !signature.constant) else {
        mistakes.on(
            &signature.name,
            "a key is held while a body runs: a function without one, or a `const fn`, can hold none",
        );
        return item.into_token_stream();
    };
    if !keys.inner_attrs.is_empty() && !signature.parameters.is_empty() {
        mistakes.on(
            &signature.name,
            "`inner_attrs` makes a function of the body, which cannot have parameters: write these attributes on a function that this one calls",
        );
        return item.into_token_stream();
    }
    let path = match &keys.krate {
        Some(path) => path.clone(),
        None => Ident::new("serial_test", keys.span).into_token_stream(),
    };
    let texts = attr.requests(keys);
    let count = texts.split(';').count();
    let lines = (0..count).map(|_| body::line([keys.span, keys.first], &signature.name));
    let must_panic = must_panic(&item.attributes);
    let leases = body::leases(&path, &signature, &texts, lines, must_panic);
    let panics = AnyPanic::of(&item.attributes, &signature);
    let leases = body::before_panic(&path, panics.as_ref(), leases);
    let (inner, run) = body::split_inner_attributes(braces);
    let run = match &*keys.inner_attrs {
        [] => body::run(&run),
        attributes => {
            let name = format_ident!("_{}_inner", signature.name, span = Span::mixed_site());
            let signature_of_body = signature.renamed(&name);
            let wait = signature.asynchronous.then(|| quote!(.await));
            quote_spanned! {Span::mixed_site()=>
                #(#[#attributes])*
                #signature_of_body #run
                #name() #wait
            }
        }
    };
    let mut block = Group::new(
        Delimiter::Brace,
        quote_spanned!(Span::mixed_site()=> #inner let __keys = #leases; #run),
    );
    block.set_span(braces.span());
    let attributes = &item.attributes;
    quote!(#(#attributes)* #signature #block)
}

impl Attr {
    /// What is asked for, as the engine reads it.
    fn requests(self, keys: &Keys) -> String {
        let mut pools: Vec<String> = match (keys.absolute_path(), &*keys.keys) {
            (Some(path), _) if self.across_processes => vec![key::at_path(&path)],
            (_, []) => vec![self.pool("")],
            (_, keys) => keys.iter().map(|key| self.pool(key)).collect(),
        };
        pools.sort();
        pools.dedup();
        let mut text = String::new();
        for pool in &pools {
            request::append(
                &mut text,
                &Request {
                    pool,
                    shared: self.shared,
                    again: true,
                    own: !self.across_processes,
                    ..Request::default()
                },
            );
        }
        text
    }

    fn pool(self, key: &str) -> String {
        match self.across_processes {
            true => key::across_processes(key),
            false => key::in_process(key),
        }
    }
}
