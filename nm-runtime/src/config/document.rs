//! A TOML document built from `toml_parser`'s events: tables and values, each with its
//! span. Accepts what the crate `toml` accepts, which takes twice as long to build; but
//! anything that looks like a date is accepted as one, since no option here is a date.

use std::{borrow::Cow, mem};

use toml_parser::decoder::ScalarKind;
use toml_parser::parser::{self, Event, EventKind, RecursionGuard};
use toml_parser::{Expected, ParseError, Source, Span};

/// How deep values may nest, and how many tables a key may go through.
pub(crate) const DEPTH: u32 = 80;

/// Every table and value of the text.
#[derive(Default)]
pub(crate) struct Document<'a> {
    nodes: Vec<Node<'a>>, // the root first
    // While parsing; nodes by their index:
    header: Span,
    keys: Vec<Key<'a>>,
    section: usize,   // the table of the last header
    open: Vec<usize>, // arrays and inline tables, the innermost last
}

type Key<'a> = (Cow<'a, str>, Span);

/// One table or value.
#[derive(Default)]
pub(crate) struct Node<'a> {
    pub(crate) key: Cow<'a, str>, // empty in an array
    pub(crate) key_span: Span,
    pub(crate) kind: Kind,
    pub(crate) span: Span, // of a table: its header, or the key that created it
    pub(crate) text: Cow<'a, str>, // of a scalar, without quotes, prefix and underscores
    children: Vec<usize>,  // of a table, sorted by their keys
}

/// What a node is. How a table was created decides what may add to it.
#[derive(Clone, Copy, Default, PartialEq)]
pub(crate) enum Kind {
    Scalar(ScalarKind),
    Array,
    Tables, // an array of `[[tables]]`
    #[default]
    Header, // a table with a header, and the root
    Implicit, // a table on the way to a header's: may get its own, or become dotted
    Dotted, // a table by dotted keys, which add to it; headers may make tables in it
    Inline,
}

impl<'a> Document<'a> {
    pub(crate) fn parse(text: &'a str) -> Result<Self, (Span, String)> {
        let source = Source::new(text);
        let tokens = source.lex().into_vec();
        let mut events = Vec::with_capacity(tokens.len());
        let mut error = None;
        let mut guard = RecursionGuard::new(&mut events, DEPTH);
        parser::parse_document(&tokens, &mut guard, &mut error);
        let mut document = Self::default();
        document.nodes.push(Node::default());
        for event in &events {
            if error.is_none() {
                error = document.event(source, event).err();
            }
        }
        match error {
            Some(error) => Err((error.unexpected().unwrap_or_default(), message(&error))),
            None => Ok(document),
        }
    }

    pub(crate) fn root(&self) -> &Node<'a> {
        &self.nodes[0]
    }

    pub(crate) fn get(&self, table: &Node<'a>, key: &str) -> Option<&Node<'a>> {
        self.find(table, key).ok().map(|found| &self.nodes[found])
    }

    /// The items of an array, or of a table in the order of their keys.
    pub(crate) fn children(&self, node: &Node<'a>) -> impl Iterator<Item = &Node<'a>> {
        node.children.iter().map(|child| &self.nodes[*child])
    }

    /// The node with this key in a table, or the position that it would have.
    fn find(&self, table: &Node<'a>, key: &str) -> Result<usize, usize> {
        let order = |child: &usize| self.nodes[*child].key.as_ref().cmp(key);
        let found = table.children.binary_search_by(order);
        found.map(|at| table.children[at])
    }

    /// The node with this key in a table, or a new one; in an array always a new one.
    fn entry(&mut self, parent: usize, key: Key<'a>, kind: Kind, span: Span) -> usize {
        let mut at = self.nodes[parent].children.len();
        if self.nodes[parent].is_table() {
            match self.find(&self.nodes[parent], &key.0) {
                Ok(found) => return found,
                Err(place) => at = place,
            }
        }
        let node = self.nodes.len();
        self.nodes[parent].children.insert(at, node);
        self.nodes.push(Node {
            key: key.0,
            key_span: key.1,
            kind,
            span,
            ..Node::default()
        });
        node
    }

    fn event(&mut self, source: Source<'a>, event: &Event) -> Result<(), ParseError> {
        let raw = || source.get(event).expect("an event is from this text");
        let span = event.span();
        let mut text = Cow::Borrowed("");
        let mut error = None;
        match event.kind() {
            EventKind::StdTableOpen | EventKind::ArrayTableOpen => self.header = span,
            EventKind::StdTableClose => self.header(Kind::Implicit, span)?,
            EventKind::ArrayTableClose => self.header(Kind::Tables, span)?,
            EventKind::SimpleKey => {
                raw().decode_key(&mut text, &mut error);
                self.keys.push((text, span));
            }
            EventKind::Scalar => {
                let kind = raw().decode_scalar(&mut text, &mut error);
                let node = self.value(Kind::Scalar(kind), span)?;
                self.nodes[node].text = text;
            }
            EventKind::ArrayOpen => self.open(Kind::Array, span)?,
            EventKind::InlineTableOpen => self.open(Kind::Inline, span)?,
            EventKind::ArrayClose | EventKind::InlineTableClose => {
                let node = self
                    .open
                    .pop()
                    .expect("the parser closes only what it opened");
                self.nodes[node].span = self.nodes[node].span.append(span);
            }
            EventKind::Comment => raw().decode_comment(&mut error),
            EventKind::Newline => raw().decode_newline(&mut error),
            _ => {}
        }
        error.map_or(Ok(()), Err)
    }

    fn header(&mut self, kind: Kind, close: Span) -> Result<(), ParseError> {
        let span = self.header.append(close);
        let (parent, key) = self.follow(0, Kind::Implicit)?;
        let key_span = key.1;
        let table = self.entry(parent, key, kind, span);
        let node = &mut self.nodes[table];
        if node.kind != kind {
            return refuse("duplicate key", key_span);
        }
        self.section = table;
        if kind == Kind::Tables {
            self.section = self.entry(table, Key::default(), Kind::Header, span);
        } else {
            (node.key_span, node.kind, node.span) = (key_span, Kind::Header, span);
        }
        Ok(())
    }

    fn open(&mut self, kind: Kind, span: Span) -> Result<(), ParseError> {
        let node = self.value(kind, span)?;
        self.open.push(node);
        Ok(())
    }

    fn value(&mut self, kind: Kind, span: Span) -> Result<usize, ParseError> {
        let within = self.open.last().copied().unwrap_or(self.section);
        let (table, key) = match self.nodes[within].kind {
            Kind::Array => (within, Key::default()),
            _ => self.follow(within, Kind::Dotted)?,
        };
        // Dotted keys end in a table with a header only if it is the last of `[[tables]]`.
        let closed = table != within && self.nodes[table].kind == Kind::Header;
        let key_span = key.1;
        let node = self.entry(table, key, kind, span);
        if closed || self.nodes[node].key_span != key_span {
            return refuse("duplicate key", key_span);
        }
        Ok(node)
    }

    /// Takes the keys and walks from this table to the one that has the last key,
    /// creating tables on the way.
    fn follow(&mut self, mut table: usize, by: Kind) -> Result<(usize, Key<'a>), ParseError> {
        let mut path = mem::take(&mut self.keys);
        let last = path.pop().expect("headers and values have keys");
        if path.len() >= DEPTH as usize {
            return refuse("recursion limit", last.1);
        }
        for (key, span) in path {
            table = self.entry(table, (key, span), by, span);
            let node = &mut self.nodes[table];
            match node.kind {
                Kind::Tables => table = *node.children.last().expect("made by a header"),
                Kind::Implicit => node.kind = by,
                Kind::Header if by == Kind::Dotted => return refuse("duplicate key", span),
                Kind::Header | Kind::Dotted => {}
                Kind::Inline => return refuse("cannot extend this inline table", span),
                _ => return refuse(format!("cannot extend this {}", node.type_name()), span),
            }
        }
        Ok((table, last))
    }
}

impl Node<'_> {
    pub(crate) fn is_table(&self) -> bool {
        !matches!(self.kind, Kind::Scalar(_) | Kind::Array | Kind::Tables)
    }

    pub(crate) fn is_array(&self) -> bool {
        matches!(self.kind, Kind::Array | Kind::Tables)
    }

    pub(crate) fn as_str(&self) -> Option<&str> {
        (self.kind == Kind::Scalar(ScalarKind::String)).then_some(&self.text)
    }

    pub(crate) fn type_name(&self) -> &'static str {
        match self.kind {
            Kind::Scalar(ScalarKind::Integer(_)) => "integer",
            Kind::Scalar(ScalarKind::DateTime) => "datetime",
            Kind::Scalar(kind) => kind.description(),
            Kind::Array | Kind::Tables => "array",
            Kind::Header | Kind::Implicit | Kind::Dotted | Kind::Inline => "table",
        }
    }
}

fn refuse<T>(message: impl Into<Cow<'static, str>>, span: Span) -> Result<T, ParseError> {
    Err(ParseError::new(message).with_unexpected(span))
}

fn message(error: &ParseError) -> String {
    let mut message = error.description().to_owned();
    for (at, expected) in error.expected().unwrap_or_default().iter().enumerate() {
        message += if at == 0 { ", expected " } else { ", " };
        match expected {
            Expected::Literal("\n") => message += "newline",
            Expected::Literal(literal) => message.extend(["`", literal, "`"]),
            Expected::Description(description) => message += description,
            _ => message += "etc",
        }
    }
    message
}
