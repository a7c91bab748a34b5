//! The attributes above an item: read, taken off, and compared with each other.

use crate::args::Args;
use crate::attribute::Attribute;
use crate::conflict;
use crate::mistakes::Mistakes;
use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};

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

/// Attributes that were taken off are uses of what imports them all the same.
pub fn imports(requests: &[Args]) -> TokenStream {
    let mut imports = TokenStream::new();
    for request in requests {
        if let Some(path) = &request.path {
            let span = Span::mixed_site().located_at(request.span);
            imports.extend(quote_spanned!(span=> const _: () = { use #path as _; };));
        }
    }
    imports
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
                    "pool `{0}` is already asked for above: take several of its names with `count`",
                    pool.value().escape_debug()
                ),
            );
        }
    }
}

/// Where generated code finds `name-manager`.
pub fn path_to(requests: &[&Args]) -> TokenStream {
    requests
        .iter()
        .find_map(|request| request.krate.clone())
        .unwrap_or_else(|| quote!(::name_manager))
}
