//! The head of a function, and its parameters.

use crate::attribute::flatten;
use crate::item::Item;
use crate::mistakes::Mistakes;
use proc_macro2::{Delimiter, Group, Ident, Spacing, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};

/// The head of a function, cut at its parameters. The rest is the compiler's, which
/// has read it before us.
pub struct Signature {
    pub name: Ident,
    pub asynchronous: bool,
    pub constant: bool,
    pub parameters: Vec<Parameter>,
    before: Vec<TokenTree>,
    parentheses: Span,
    after: Vec<TokenTree>,
}

/// One parameter; with its attributes.
pub struct Parameter {
    pub attributes: TokenStream,
    pub pattern: TokenStream,
    /// `None` for `self` without one, and for what is no parameter.
    pub ty: Option<TokenStream>,
}

impl Signature {
    pub fn parse(item: &Item) -> Result<Signature, Mistakes> {
        let head = &item.head;
        let is_fn = |token: &TokenTree| matches!(token, TokenTree::Ident(word) if word == "fn");
        let found = head.iter().position(is_fn).and_then(|at| {
            let Some(TokenTree::Ident(name)) = head.get(at + 1) else {
                return None;
            };
            // Between the two are the generic parameters.
            let mut depth = Depth::default();
            let inputs = at
                + 2
                + head[at + 2..]
                    .iter()
                    .position(|token| depth.is_top(token) && is_inputs(token))?;
            let TokenTree::Group(group) = &head[inputs] else {
                return None;
            };
            let is = |modifier: &str| {
                head[..at]
                    .iter()
                    .any(|token| matches!(token, TokenTree::Ident(word) if word == modifier))
            };
            Some(Signature {
                name: name.clone(),
                asynchronous: is("async"),
                constant: is("const"),
                parameters: parameters(group),
                before: head[..inputs].to_vec(),
                parentheses: group.span(),
                after: head[inputs + 1..].to_vec(),
            })
        });
        found.ok_or_else(|| {
            let mut mistakes = Mistakes::default();
            let head = item.head.iter().cloned().collect::<TokenStream>();
            mistakes.on(head, "expected a function");
            mistakes
        })
    }
}

impl Signature {
    /// The same under another name.
    pub fn renamed(&self, name: &Ident) -> TokenStream {
        let mut renamed = self.to_token_stream().into_iter().peekable();
        let mut tokens = TokenStream::new();
        while let Some(token) = renamed.next() {
            let is_fn = matches!(&token, TokenTree::Ident(word) if word == "fn");
            tokens.extend([token]);
            if is_fn {
                renamed.next();
                tokens.extend([TokenTree::from(name.clone())]);
                break;
            }
        }
        tokens.extend(renamed);
        tokens
    }

    /// Whether `return;` ends it.
    pub fn returns_unit(&self) -> bool {
        let after: Vec<TokenTree> = flatten(self.after.iter().cloned().collect());
        match after.as_slice() {
            [dash, _, TokenTree::Group(ty), ..] if is_punct(dash, '-') => {
                ty.delimiter() == Delimiter::Parenthesis && ty.stream().is_empty()
            }
            [dash, ..] => !is_punct(dash, '-'),
            [] => true,
        }
    }
}

impl ToTokens for Signature {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let parameters = &self.parameters;
        let mut group = Group::new(Delimiter::Parenthesis, quote!(#(#parameters),*));
        group.set_span(self.parentheses);
        tokens.extend(self.before.iter().cloned());
        tokens.extend([TokenTree::from(group)]);
        tokens.extend(self.after.iter().cloned());
    }
}

fn is_inputs(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis)
}

fn parameters(inputs: &Group) -> Vec<Parameter> {
    let mut depth = Depth::default();
    let tokens: Vec<TokenTree> = inputs.stream().into_iter().collect();
    let is_comma = |token: &TokenTree| depth.is_top(token) && is_punct(token, ',');
    let parts = tokens.split(is_comma).filter(|part| !part.is_empty());
    parts.map(Parameter::new).collect()
}

impl Parameter {
    fn new(mut tokens: &[TokenTree]) -> Parameter {
        let mut attributes = TokenStream::new();
        while let [pound, brackets @ TokenTree::Group(_), rest @ ..] = tokens
            && is_punct(pound, '#')
        {
            attributes.extend([pound.clone(), brackets.clone()]);
            tokens = rest;
        }
        let (pattern, ty) = match colon(tokens) {
            Some(at) => (&tokens[..at], Some(&tokens[at + 1..])),
            None => (tokens, None),
        };
        Parameter {
            attributes,
            pattern: pattern.iter().cloned().collect(),
            ty: ty.map(|ty| ty.iter().cloned().collect()),
        }
    }

    /// The name that it binds: `db` of `mut db`, `None` of `_` or `(a, b)`.
    pub fn ident(&self) -> Option<Ident> {
        let mut tokens = flatten(self.pattern.clone()).into_iter();
        let ident = tokens.find_map(|token| match token {
            TokenTree::Ident(word) if word == "ref" || word == "mut" => None,
            token => Some(token),
        });
        match (ident, tokens.next()) {
            (Some(TokenTree::Ident(ident)), None) if ident != "_" => Some(ident),
            (Some(TokenTree::Ident(ident)), Some(at)) if is_punct(&at, '@') => Some(ident),
            _ => None,
        }
    }

    pub fn is_receiver(&self) -> bool {
        let last = self.pattern.clone().into_iter().last();
        matches!(last, Some(TokenTree::Ident(word)) if word == "self")
    }

    /// Whether its type is a path that ends in `Lease`.
    pub fn is_lease(&self) -> bool {
        let mut depth = Depth::default();
        let mut words = Vec::new();
        for token in flatten(self.ty.clone().unwrap_or_default()) {
            match &token {
                _ if !depth.is_top(&token) => {}
                TokenTree::Ident(word) => words.push(word.to_string()),
                TokenTree::Punct(punct) if matches!(punct.as_char(), ':' | '<' | '>') => {}
                _ => return false,
            }
        }
        words.last().is_some_and(|word| word == "Lease")
            && !matches!(words[0].as_str(), "dyn" | "impl")
    }
}

impl ToTokens for Parameter {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let Parameter {
            attributes,
            pattern,
            ty,
        } = self;
        let ty = ty.iter();
        tokens.extend(quote!(#attributes #pattern #(: #ty)*));
    }
}

/// The `:` between pattern and type, not half a `::`.
fn colon(tokens: &[TokenTree]) -> Option<usize> {
    let mut at = 0;
    while at < tokens.len() {
        match &tokens[at] {
            TokenTree::Punct(first) if first.as_char() == ':' => match tokens.get(at + 1) {
                Some(second) if first.spacing() == Spacing::Joint && is_punct(second, ':') => {
                    at += 2
                }
                _ => return Some(at),
            },
            _ => at += 1,
        }
    }
    None
}

/// How many `<` are open: what stands between them looks like what stands outside.
#[derive(Default)]
struct Depth {
    open: usize,
    after_dash: bool,
}

impl Depth {
    /// Whether the token is outside of all `<..>`. To be asked of every token, in order.
    fn is_top(&mut self, token: &TokenTree) -> bool {
        let is_arrow = std::mem::replace(&mut self.after_dash, is_punct(token, '-'));
        if is_punct(token, '<') {
            self.open += 1;
            return self.open == 1;
        }
        if is_punct(token, '>') && !is_arrow {
            self.open = self.open.saturating_sub(1);
        }
        self.open == 0
    }
}

fn is_punct(token: &TokenTree, char: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == char)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::Items;

    #[track_caller]
    fn signature(text: &str) -> Signature {
        let item = Items::new(text.parse().unwrap()).next().unwrap();
        let signature = Signature::parse(&item).unwrap();
        let end = signature.to_token_stream().to_string();
        assert_eq!(format!("{end} {{ }}"), item.to_token_stream().to_string());
        signature
    }

    #[track_caller]
    fn parameters(text: &str) -> Vec<String> {
        let parameters = signature(text).parameters;
        let ident = |parameter: &Parameter| {
            parameter
                .ident()
                .map_or("-".into(), |ident| ident.to_string())
        };
        parameters.iter().map(ident).collect()
    }

    #[test]
    fn what_stands_before_the_parameters_is_no_parameter() {
        let text = "pub (crate) async extern \"C\" fn a < F : Fn (u8) -> B < u8 > , const N : usize > (db : F) -> [u8 ; 2] where F : Send { }";
        assert_eq!(parameters(text), ["db"]);
        assert!(signature(text).asynchronous);
        assert!(!signature("fn a () { }").asynchronous);
    }

    #[test]
    fn what_returns_nothing_may_say_so() {
        for text in [
            "fn a () { }",
            "fn a () -> () where F : B { }",
            "fn a () where F : Fn () -> u8 { }",
        ] {
            assert!(signature(text).returns_unit(), "{text}");
        }
        for text in [
            "fn a () -> ! { }",
            "fn a () -> (u8 ,) { }",
            "fn a () -> u8 where F : B { }",
        ] {
            assert!(!signature(text).returns_unit(), "{text}");
        }
    }

    #[test]
    fn parameters_are_split_outside_of_their_types() {
        let text = "fn a (a : HashMap < u8 , fn (u8) -> Vec < u8 >> , b : < T as Of < u8 , u8 >> :: It , c : u8) { }";
        assert_eq!(parameters(text), ["a", "b", "c"]);
    }

    #[test]
    fn a_parameter_has_a_name_when_its_pattern_is_one_identifier() {
        let text = "fn a (# [case] mut a : u8 , ref b : u8 , c @ 1 : u8 , _d : u8 , _ : u8 , (e , f) : T , a :: G (g) : T , self) { }";
        assert_eq!(
            parameters(text),
            ["a", "b", "c", "_d", "-", "-", "-", "self"]
        );
    }

    #[test]
    fn a_type_is_a_lease_by_its_last_word() {
        let text =
            "fn a (a : Lease , b : :: name_manager :: Lease , c : lease :: Lease < 'a >) { }";
        assert!(signature(text).parameters.iter().all(Parameter::is_lease));
        let text = "fn a (a : & Lease , b : Vec < Lease > , c : dyn Lease , d : (Lease ,) , e : Lease :: Name , f : fn () -> Lease , self) { }";
        assert!(!signature(text).parameters.iter().any(Parameter::is_lease));
    }
}
