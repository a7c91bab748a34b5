//! The attributes above an item: read, taken off, and compared with each other.

use crate::args::Args;
use crate::attribute::Attribute;
use crate::conflict;
use crate::mistakes::Mistakes;
use nm_words::request::{self, Amount, Request};
use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{quote, quote_spanned};
use syn::{Ident, LitStr};

/// Reads what stands between the parentheses of one attribute, and says what is wrong
/// with it.
pub fn read(tokens: TokenStream, span: Span, mistakes: &mut Mistakes) -> Args {
    let args = Args::parse(tokens, span, mistakes);
    conflict::check(&args, mistakes);
    args
}

/// Takes our attributes off, and reads them.
pub fn take(attributes: &mut Vec<Attribute>, mistakes: &mut Mistakes) -> Vec<Args> {
    attributes
        .extract_if(.., |attribute| attribute.is_shared_resource())
        .filter_map(|attribute| {
            let Some(arguments) = attribute.arguments() else {
                mistakes.on(
                    &attribute,
                    "expected parentheses: write `#[shared_resource(pool = \"db\")]`",
                );
                return None;
            };
            let mut args = read(arguments, attribute.span(), mistakes);
            args.path = Some(attribute.path());
            Some(args)
        })
        .collect()
}

/// What an attribute says that stands for one that was taken off. Without it the import
/// of that one would be unused. A `use` of it would be unused as well where a
/// `macro_rules!` wrote it.
const TAKEN_OFF: &str = "__taken_off";

/// Whether these are the arguments of such an attribute.
pub fn is_taken_off(args: &TokenStream) -> bool {
    let mut args = args.clone().into_iter();
    matches!(args.next(), Some(TokenTree::Ident(only)) if only == TAKEN_OFF)
}

/// Attributes that stand for those that were taken off.
pub fn taken_off(requests: &[Args]) -> TokenStream {
    let mut items = TokenStream::new();
    for request in requests {
        if let Some(path) = &request.path {
            let span = Span::mixed_site().located_at(request.span);
            let word = Ident::new(TAKEN_OFF, span);
            items.extend(quote_spanned!(span=> #[#path(#word)] const _: () = ();));
        }
    }
    items
}

/// Refuses two attributes for one pool.
pub fn refuse_twice(requests: &[Args], mistakes: &mut Mistakes) {
    for (index, request) in requests.iter().enumerate() {
        if let Some(pool) = &request.pool
            && requests[..index]
                .iter()
                .any(|other| other.same_pool(request))
        {
            mistakes.at(
                pool.span(),
                format!(
                    "pool `{0}` is already asked for above; write one attribute, with `count` for several names (`name` chooses only one)",
                    pool.value().escape_debug()
                ),
            );
        }
    }
}

/// What is asked for, as the engine reads it. Some of the requests fill parameters.
pub fn text(requests: &[&Args], is_filled: impl Fn(usize) -> bool) -> String {
    let mut text = String::new();
    for (index, args) in requests.iter().enumerate() {
        let pool = args.pool.as_ref().map(LitStr::value);
        let names = args.names.iter().flat_map(|names| &names.value);
        let names: Vec<String> = names.map(LitStr::value).collect();
        let name = args.name.as_ref().map(|name| name.value.value());
        let wait_timeout = args.wait_timeout.as_ref().map(LitStr::value);
        let request = Request {
            pool: pool.as_deref().unwrap_or_default(),
            line: 0,
            max: args.max.as_ref().map(|max| max.value.0),
            names: names.iter().map(String::as_str).collect(),
            name: name.as_deref(),
            shared: args.shared,
            amount: match &args.count {
                Some(count) => Amount::Count(count.value.0),
                None if args.all.is_some() => Amount::All,
                None => Amount::default(),
            },
            wait_timeout: wait_timeout.as_deref(),
            set_env: args.set_env,
            bare: !is_filled(index) && args.is_bare(),
            again: false,
            own: false,
        };
        request::append(&mut text, &request);
    }
    text
}

/// Where generated code finds `name-manager`.
pub fn path_to(requests: &[&Args]) -> TokenStream {
    requests
        .iter()
        .find_map(|request| request.krate.clone())
        .unwrap_or_else(|| quote!(::name_manager))
}
