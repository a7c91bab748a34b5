//! A module's requests, carried to every test in it.

use crate::args::Args;
use crate::attribute::Attribute;
use crate::item::{Item, Items, Kind};
use crate::mistakes::Mistakes;
use crate::parameter;
use crate::requests;
use crate::signature::Signature;
use crate::test;
use proc_macro2::{Group, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::Ident;

/// Part of a module, expanded, and how many tests it has.
pub struct Expanded {
    pub tokens: TokenStream,
    tests: usize,
    /// Something in it may be a test, or become some.
    doubtful: bool,
}

/// A module with every test in it expanded. `own` are its requests, `outer`
/// those of the modules around it; `sound` says that none has a mistake.
pub fn module(
    item: Item,
    mut own: Vec<Args>,
    outer: &[&Args],
    sound: bool,
    mistakes: &mut Mistakes,
) -> Expanded {
    for request in &mut own {
        request.inherited = true;
    }
    let requests = merge(outer, &own);
    let bodiless = item.body.is_none();
    let expanded = each(item, &mut |item| member(item, &requests, sound, mistakes));
    if let (0, Some(first)) = (expanded.tests, own.first()) {
        if bodiless {
            mistakes.at(
                first.span,
                "the tests of this module are in a file of their own, where `#[shared_resource]` \
                 cannot see them: put it on each of them, or on a `mod tests { .. }` in that file",
            );
        } else if expanded.doubtful {
            mistakes.at(
                first.span,
                "`#[shared_resource]` on a module goes to each test in it that it can see, and \
                 there is none: put it on the tests themselves, if a macro, another file or an \
                 attribute that it does not know makes some",
            );
        }
    }
    expanded
}

/// One item of a module.
fn member(mut item: Item, requests: &[&Args], sound: bool, mistakes: &mut Mistakes) -> Expanded {
    let kind = item.kind();
    match kind {
        Kind::Function if item.is_test() => {}
        Kind::Module | Kind::Proptest if item.body.is_some() => {}
        _ => return Expanded::untouched(item, kind),
    }
    if kind == Kind::Proptest {
        return each(item, &mut |item| proptest(item, requests, sound));
    }
    if item
        .attributes
        .iter()
        .any(Attribute::is_conditional_shared_resource)
    {
        // rustc must decide about that one first.
        let signature = Signature::parse(&item).ok();
        return pushed(item, requests, sound, &|arg| match &signature {
            Some(signature) => parameter::exists(arg, &signature.parameters),
            None => true,
        });
    }
    let mut own_mistakes = Mistakes::default();
    let own = requests::take(&mut item.attributes, &mut own_mistakes);
    requests::refuse_twice(&own, &mut own_mistakes);
    let sound = sound && own_mistakes.is_empty();
    mistakes.append(own_mistakes);
    let taken_off = requests::taken_off(&own);
    let expanded = match kind {
        Kind::Module => module(item, own, requests, sound, mistakes),
        _ => Expanded::test(test::function(
            item,
            &merge(requests, &own),
            sound,
            mistakes,
        )),
    };
    let tokens = &expanded.tokens;
    Expanded {
        tokens: quote!(#taken_off #tokens),
        ..expanded
    }
}

/// One item of a `proptest!`: a function whose parameters are none yet.
fn proptest(item: Item, requests: &[&Args], sound: bool) -> Expanded {
    if !item.is_test() {
        return Expanded::untouched(item, Kind::Function);
    }
    // Read only to know its pools: it stays, and is expanded in its turn.
    let own = requests::take(&mut item.attributes.clone(), &mut Mistakes::default());
    let requests: Vec<&Args> = inherited(requests, &own).collect();
    pushed(item, &requests, sound, &|_| false)
}

/// The requests of a test or module inside others: its own win.
fn merge<'a>(outer: &[&'a Args], own: &'a [Args]) -> Vec<&'a Args> {
    inherited(outer, own).chain(own).collect()
}

fn inherited<'a>(outer: &[&'a Args], own: &[Args]) -> impl Iterator<Item = &'a Args> {
    outer
        .iter()
        .copied()
        .filter(|outer| !own.iter().any(|own| own.same_pool(outer)))
}

/// The item under attributes that say what was asked for around it; `has_arg`
/// says whether it has the parameter that an `arg` names.
fn pushed(
    item: Item,
    requests: &[&Args],
    sound: bool,
    has_arg: &dyn Fn(&Ident) -> bool,
) -> Expanded {
    let path = requests::path_to(requests);
    // A mistake in them is reported once, not once more here.
    let requests = if sound { requests } else { &[] };
    let attributes = requests.iter().map(|request| {
        let options = request.portable.iter().map(|option| quote!(#(#option)*));
        let arg = request.arg.iter().filter(|arg| has_arg(arg));
        // The first tokens of its path say where an attribute is.
        let at = path.clone().into_iter().map(|mut token| {
            token.set_span(token.span().located_at(request.span));
            token
        });
        let at: TokenStream = at.collect();
        quote_spanned! {request.span=>
            #[#at::shared_resource(#(#options,)* #(arg = #arg,)* crate = #path)]
        }
    });
    Expanded::test(quote!(#(#attributes)* #item))
}

/// The item with each of the items in its body as `expand` makes it.
fn each(mut item: Item, expand: &mut dyn FnMut(Item) -> Expanded) -> Expanded {
    let (mut tests, mut doubtful) = (0, false);
    item.body = item.body.map(|body| {
        let mut stream = TokenStream::new();
        for item in Items::new(body.stream()) {
            let expanded = expand(item);
            tests += expanded.tests;
            doubtful |= expanded.doubtful;
            stream.extend(expanded.tokens);
        }
        let mut group = Group::new(body.delimiter(), stream);
        group.set_span(body.span());
        group
    });
    Expanded {
        tokens: item.into_token_stream(),
        tests,
        doubtful,
    }
}

impl Expanded {
    fn test(tokens: TokenStream) -> Expanded {
        Expanded {
            tokens,
            tests: 1,
            doubtful: false,
        }
    }

    fn untouched(item: Item, kind: Kind) -> Expanded {
        let makes_no_test = match kind {
            Kind::Function => item.attributes.iter().all(Attribute::fills_no_parameter),
            Kind::Module | Kind::Proptest | Kind::Other("a macro") => false,
            Kind::Other(_) => true,
        };
        Expanded {
            tokens: item.into_token_stream(),
            tests: 0,
            doubtful: !makes_no_test,
        }
    }
}
