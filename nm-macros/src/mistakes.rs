//! What is wrong with what was written, gathered to be said at once.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use std::fmt::Display;
use syn::Error;

/// The mistakes seen so far; all are reported at once.
#[derive(Default)]
pub struct Mistakes(Option<Error>);

impl Mistakes {
    pub fn at(&mut self, span: Span, message: impl Display) {
        self.add(Error::new(span, message));
    }

    pub fn on(&mut self, tokens: impl ToTokens, message: impl Display) {
        self.add(Error::new_spanned(tokens, message));
    }

    pub fn add(&mut self, error: Error) {
        match &mut self.0 {
            Some(errors) => errors.combine(error),
            None => self.0 = Some(error),
        }
    }

    pub fn append(&mut self, other: Mistakes) {
        if let Some(error) = other.0 {
            self.add(error);
        }
    }

    /// The value; `None` and one more mistake if there is none.
    pub fn keep<T>(&mut self, result: Result<T, Error>) -> Option<T> {
        result.map_err(|error| self.add(error)).ok()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    pub fn into_compile_error(self) -> TokenStream {
        self.0.map(Error::into_compile_error).unwrap_or_default()
    }
}
