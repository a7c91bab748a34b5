//! Whether a test is to panic, and whether any panic makes it pass, that of a lease that
//! it could not get too.

use crate::attribute::Attribute;
use crate::signature::Signature;
use proc_macro2::{TokenStream, TokenTree};
use quote::quote;

/// A test that passes by panicking, with whatever message.
pub struct AnyPanic {
    /// The configuration in which it does.
    pub condition: TokenStream,
    /// All its cases do, and it returns nothing, so that it fails by returning. Nothing
    /// that the function itself does fails one case that is to panic and another
    /// that is not.
    pub fails_by_returning: bool,
}

impl AnyPanic {
    /// `None` if a panic fails the test, or is looked at.
    pub fn of(attributes: &[Attribute], signature: &Signature) -> Option<AnyPanic> {
        let mut conditions = Vec::new();
        let mut fails_by_returning = signature.returns_unit();
        // rstest gives what stands above a case to this case alone. A template of
        // rstest_reuse may have cases that are not to be seen.
        let mut in_a_case = attributes.iter().any(is_template);
        for attribute in attributes.iter().rev() {
            in_a_case |= attribute.first().is_some_and(|first| first == "case");
            if let Some(condition) = should_panic(attribute, false) {
                fails_by_returning &= !in_a_case;
                conditions.push(condition);
            }
            if case_panics(attribute) {
                fails_by_returning = false;
                conditions.push(quote!(all()));
            }
        }
        (!conditions.is_empty()).then(|| AnyPanic {
            condition: quote!(any(#(#conditions),*)),
            fails_by_returning,
        })
    }
}

/// The configuration in which each case of the test is to panic, with whatever message;
/// `None` if there is none.
pub fn must_panic(attributes: &[Attribute]) -> Option<TokenStream> {
    // What stands above a case is of this case alone.
    let is_case = |attribute: &&Attribute| {
        is_template(attribute) || attribute.first().is_some_and(|first| first == "case")
    };
    let of_all = attributes.iter().rev().take_while(|it| !is_case(it));
    let conditions: Vec<_> = of_all.filter_map(|it| should_panic(it, true)).collect();
    (!conditions.is_empty()).then(|| quote!(any(#(#conditions),*)))
}

/// `#[apply(name)]` of rstest_reuse, not `#[apply(name!)]` of macro_rules_attribute.
fn is_template(attribute: &Attribute) -> bool {
    let bang = |token: &TokenTree| matches!(token, TokenTree::Punct(bang) if bang.as_char() == '!');
    attribute.last().is_some_and(|last| last == "apply")
        && !attribute.tokens().last().is_some_and(bang)
}

/// The configuration in which it is a `should_panic` without a text, or `with_text` too.
fn should_panic(attribute: &Attribute, with_text: bool) -> Option<TokenStream> {
    if attribute.last()? == "should_panic" {
        let text = attribute.tokens();
        return (with_text || !text.iter().any(is_text)).then(|| quote!(all()));
    }
    let condition = attribute.condition()?;
    let applied = attribute.conditional();
    let inner = applied.iter().filter_map(|it| should_panic(it, with_text));
    let inner: Vec<_> = inner.collect();
    (!inner.is_empty()).then(|| quote!(all(#condition, any(#(#inner),*))))
}

/// `#[test_case(0 => panics)]`, without a text.
fn case_panics(attribute: &Attribute) -> bool {
    let tokens = attribute.tokens();
    let here = tokens.iter().enumerate().any(|(at, token)| {
        let after_arrow = matches!(
            tokens[..at],
            [.., TokenTree::Punct(ref end)] if end.as_char() == '>'
        );
        let panics = matches!(token, TokenTree::Ident(word) if word == "panics");
        after_arrow && panics && !tokens.get(at + 1).is_some_and(is_text)
    });
    let is_case = attribute.is_test() && here;
    is_case || attribute.conditional().iter().any(case_panics)
}

/// Some text: any panic contains the empty one.
fn is_text(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Literal(text) if text.to_string() != "\"\"")
}
