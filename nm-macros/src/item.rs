//! Items, cut out of a token stream.

use crate::attribute::{Attribute, flatten};
use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::ToTokens;
use std::iter::Peekable;
use std::vec::IntoIter;

/// An item, cut out of the tokens without understanding more than it must: the
/// bodies of tests are long, and may use syntax that `syn` does not know.
pub struct Item {
    pub attributes: Vec<Attribute>,
    /// Up to the body, or up to and with the `;`.
    pub head: Vec<TokenTree>,
    pub body: Option<Group>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Function,
    Module,
    /// A use of `proptest!`.
    Proptest,
    /// Anything else, with its article.
    Other(&'static str),
}

impl Item {
    pub fn is_test(&self) -> bool {
        self.attributes.iter().any(Attribute::is_test)
    }

    pub fn kind(&self) -> Kind {
        let mut tokens = self.head.iter().peekable();
        let mut modifier = String::new();
        while let Some(token) = tokens.next() {
            let TokenTree::Ident(ident) = token else {
                continue;
            };
            let word = ident.to_string();
            return match word.as_str() {
                "pub" => {
                    tokens.next_if(|token| is_group(token, Delimiter::Parenthesis));
                    continue;
                }
                "async" | "const" | "default" | "extern" | "safe" | "unsafe" => {
                    modifier = word;
                    continue;
                }
                "fn" => Kind::Function,
                "mod" => Kind::Module,
                "struct" => Kind::Other("a struct"),
                "enum" => Kind::Other("an enum"),
                "trait" => Kind::Other("a trait"),
                "impl" => Kind::Other("an impl block"),
                "type" => Kind::Other("a type alias"),
                "static" => Kind::Other("a static"),
                "use" => Kind::Other("a use declaration"),
                "crate" if modifier == "extern" => Kind::Other("an extern crate"),
                _ if modifier == "const" => Kind::Other("a constant"),
                _ => macro_kind(word, tokens),
            };
        }
        Kind::Other("this item")
    }
}

impl ToTokens for Item {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        for attribute in &self.attributes {
            attribute.to_tokens(tokens);
        }
        tokens.extend(self.head.iter().cloned());
        self.body.to_tokens(tokens);
    }
}

/// The kind of an item that starts with no keyword: a macro, or a `union`.
fn macro_kind<'a>(first: String, rest: impl Iterator<Item = &'a TokenTree>) -> Kind {
    let mut last = first;
    for token in rest {
        match token {
            TokenTree::Punct(punct) if punct.as_char() == ':' => {}
            TokenTree::Punct(punct) if punct.as_char() == '!' => {
                return match last.as_str() {
                    "proptest" => Kind::Proptest,
                    _ => Kind::Other("a macro"),
                };
            }
            TokenTree::Ident(_) if last == "union" => return Kind::Other("a union"),
            TokenTree::Ident(ident) => last = ident.to_string(),
            _ => break,
        }
    }
    Kind::Other("this item")
}

/// The items of a token stream, one after the other.
pub struct Items(Peekable<IntoIter<TokenTree>>);

impl Items {
    pub fn new(tokens: TokenStream) -> Items {
        Items(flatten(tokens).into_iter().peekable())
    }
}

impl Iterator for Items {
    type Item = Item;

    fn next(&mut self) -> Option<Item> {
        self.0.peek()?;
        let mut item = Item {
            attributes: Vec::new(),
            head: Vec::new(),
            body: None,
        };
        while let Some(token) = self.0.next() {
            match token {
                TokenTree::Punct(pound) if pound.as_char() == '#' && item.head.is_empty() => {
                    match self.0.next_if(|token| is_group(token, Delimiter::Bracket)) {
                        Some(TokenTree::Group(brackets)) => {
                            item.attributes.push(Attribute::new(pound, brackets));
                        }
                        // `#![..]` is no item, but travels like one.
                        _ => {
                            item.head.push(pound.into());
                            item.head.extend(self.0.by_ref().take(2));
                            return Some(item);
                        }
                    }
                }
                TokenTree::Group(body) if body.delimiter() == Delimiter::Brace => {
                    // A constant among generic arguments, `A<{ 1 }>`, is no body.
                    let goes_on = matches!(
                        self.0.peek(),
                        Some(TokenTree::Punct(next)) if matches!(next.as_char(), '>' | ',')
                    );
                    if goes_on || ends_at_semicolon(item.kind()) {
                        item.head.push(body.into());
                    } else {
                        item.body = Some(body);
                        return Some(item);
                    }
                }
                TokenTree::Punct(end) if end.as_char() == ';' => {
                    item.head.push(end.into());
                    return Some(item);
                }
                token => item.head.push(token),
            }
        }
        Some(item)
    }
}

/// Braces inside such an item do not end it: `use a::{b, c};`.
fn ends_at_semicolon(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Other("a constant" | "a static" | "a type alias" | "a use declaration")
    )
}

fn is_group(token: &TokenTree, delimiter: Delimiter) -> bool {
    matches!(token, TokenTree::Group(group) if group.delimiter() == delimiter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constant_among_generic_arguments_does_not_end_an_item() {
        for text in [
            "fn a () -> A < { 1 } > { b () }",
            "impl A < { 1 } , 2 > for B { }",
            "fn a () { }",
        ] {
            let tokens: TokenStream = text.parse().unwrap();
            let items: Vec<String> = Items::new(tokens)
                .map(|item| item.to_token_stream().to_string())
                .collect();
            assert_eq!(items, [text]);
        }
    }
}
