//! What is wrong with what was written, gathered to be said at once.

use proc_macro2::{Delimiter, Group, Ident, Literal, Punct, Spacing, Span, TokenStream, TokenTree};
use quote::ToTokens;
use std::fmt::Display;

/// The mistakes seen so far, as calls of `compile_error!`.
#[derive(Debug, Default)]
pub struct Mistakes(TokenStream);

impl Mistakes {
    pub fn at(&mut self, span: Span, message: impl Display) {
        self.add([span, span], &message.to_string());
    }

    pub fn on(&mut self, tokens: impl ToTokens, message: impl Display) {
        let mut spans = tokens.into_token_stream().into_iter().map(|it| it.span());
        let first = spans.next().unwrap_or_else(Span::call_site);
        let last = spans.last().unwrap_or(first);
        self.add([first, last], &message.to_string());
    }

    /// From the first of these to the last: a call is where its first and last token are.
    fn add(&mut self, [first, last]: [Span; 2], message: &str) {
        let punct = |char, spacing| TokenTree::from(Punct::new(char, spacing));
        let word = |word| TokenTree::from(Ident::new(word, first));
        let colons = || [punct(':', Spacing::Joint), punct(':', Spacing::Alone)];
        let name = [word("core")].into_iter().chain(colons());
        let call = colons().into_iter().chain(name);
        let call = call.chain([word("compile_error"), punct('!', Spacing::Alone)]);
        self.0.extend(call.map(|mut token| {
            token.set_span(first);
            token
        }));
        let mut message = TokenTree::from(Literal::string(message));
        message.set_span(last);
        let mut braces = Group::new(Delimiter::Brace, message.into());
        braces.set_span(last);
        self.0.extend([TokenTree::from(braces)]);
    }

    pub fn append(&mut self, other: impl Into<Mistakes>) {
        self.0.extend(other.into().0);
    }

    /// The value; `None` and its mistakes if there is none.
    pub fn keep<T>(&mut self, result: Result<T, impl Into<Mistakes>>) -> Option<T> {
        result.map_err(|mistakes| self.append(mistakes)).ok()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn into_compile_error(self) -> TokenStream {
        self.0
    }
}

#[cfg(feature = "pools")]
impl From<syn::Error> for Mistakes {
    fn from(error: syn::Error) -> Mistakes {
        Mistakes(error.into_compile_error())
    }
}
