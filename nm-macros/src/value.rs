//! The values of options.

use proc_macro2::{Span, TokenStream};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Error, Ident, Lit, LitBool, LitStr, Token, bracketed};

/// One option as it was written: its key, the tokens after `=` if there are
/// any, and how a right one looks.
pub struct Written {
    pub key: Ident,
    pub value: Option<TokenStream>,
    pub example: &'static str,
}

impl Written {
    pub fn string(&self) -> Result<LitStr, Error> {
        self.literal("a string", |literal| match literal {
            Lit::Str(text) => Some(text),
            _ => None,
        })
    }

    /// A number that counts something, so at least 1.
    pub fn count(&self) -> Result<(u32, Span), Error> {
        let literal = self.literal("an integer", |literal| match literal {
            Lit::Int(number) => Some(number),
            _ => None,
        })?;
        let digits = literal.base10_digits();
        let bound = match digits.parse() {
            Ok(number) if number > 0 => return Ok((number, literal.span())),
            Err(_) if !digits.starts_with('-') => format!("at most {}", u32::MAX),
            _ => "at least 1".to_owned(),
        };
        Err(Error::new(
            literal.span(),
            format!("`{}` must be {bound}", self.key),
        ))
    }

    /// `all` alone says the same as `all = true`.
    pub fn flag(&self) -> Result<bool, Error> {
        if self.value.is_none() {
            return Ok(true);
        }
        self.literal("`true` or `false`", |literal| match literal {
            Lit::Bool(LitBool { value, .. }) => Some(value),
            _ => None,
        })
    }

    pub fn strings(&self) -> Result<Vec<LitStr>, Error> {
        let value = self.value()?;
        let parser = |input: ParseStream| {
            let content;
            bracketed!(content in input);
            Punctuated::<Lit, Token![,]>::parse_terminated(&content)
        };
        let literals = parser
            .parse2(value.clone())
            .map_err(|_| self.wrong(value, "a list of strings"))?;
        if literals.is_empty() {
            return Err(Error::new_spanned(
                value,
                format!("`{}` must have at least one name", self.key),
            ));
        }
        let mut wrong: Option<Error> = None;
        let mut strings = Vec::new();
        for literal in literals {
            match literal {
                Lit::Str(text) => strings.push(text),
                other => {
                    let error = self.wrong(other, "strings");
                    match &mut wrong {
                        Some(errors) => errors.combine(error),
                        None => wrong = Some(error),
                    }
                }
            }
        }
        wrong.map_or(Ok(strings), Err)
    }

    pub fn ident(&self) -> Result<Ident, Error> {
        let value = self.value()?;
        syn::parse2(value.clone()).map_err(|_| self.wrong(value, "the name of a parameter"))
    }

    pub fn path(&self) -> Result<TokenStream, Error> {
        let value = self.value()?;
        if is_path(value) {
            Ok(value.clone())
        } else {
            Err(self.wrong(value, "a path"))
        }
    }

    fn literal<T>(&self, kind: &str, pick: impl FnOnce(Lit) -> Option<T>) -> Result<T, Error> {
        let value = self.value()?;
        syn::parse2(value.clone())
            .ok()
            .and_then(pick)
            .ok_or_else(|| self.wrong(value, kind))
    }

    fn value(&self) -> Result<&TokenStream, Error> {
        match &self.value {
            Some(value) if !value.is_empty() => Ok(value),
            _ => Err(Error::new(
                self.key.span(),
                format!("`{}` needs a value: write `{}`", self.key, self.example),
            )),
        }
    }

    fn wrong(&self, found: impl quote::ToTokens, kind: &str) -> Error {
        Error::new_spanned(
            found,
            format!("`{}` takes {kind}: write `{}`", self.key, self.example),
        )
    }
}

/// Whether it is a path without generic arguments: `a::b`, `::a`, `crate`.
pub fn is_path(tokens: &TokenStream) -> bool {
    let word = |input: ParseStream| {
        let own = input.peek(Token![crate])
            || input.peek(Token![super])
            || input.peek(Token![self])
            || input.peek(Token![Self]);
        match own {
            true => input.call(Ident::parse_any),
            false => input.parse(),
        }
    };
    let parser = |input: ParseStream| {
        input.parse::<Option<Token![::]>>()?;
        Punctuated::<Ident, Token![::]>::parse_separated_nonempty_with(input, word)
    };
    parser.parse2(tokens.clone()).is_ok()
}
