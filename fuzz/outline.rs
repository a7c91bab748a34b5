//! What the crate `toml` makes of a document: the other opinion on our tables.

use std::fmt::Write;

use toml::de::{DeTable, DeValue};
use toml_datetime::Datetime;

/// All tables and values with their places and kinds, or nothing if it is not TOML.
pub fn outline(text: &str) -> Option<String> {
    let root = DeTable::parse(text).ok()?;
    let mut outline = String::new();
    table(root.get_ref(), &mut outline);
    Some(outline)
}

pub fn is_date(text: &str) -> bool {
    text.parse::<Datetime>().is_ok()
}

fn table(table: &DeTable<'_>, to: &mut String) {
    for (key, child) in table {
        write!(to, "{:?} {:?} ", key.get_ref(), key.span()).unwrap();
        write!(to, "{:?} ", child.span()).unwrap();
        value(child.get_ref(), to);
    }
}

fn value(value: &DeValue<'_>, to: &mut String) {
    let text = match value {
        DeValue::String(text) => text.as_ref(),
        DeValue::Integer(number) => number.as_str(),
        DeValue::Float(number) => number.as_str(),
        _ => "",
    };
    let radix = value.as_integer().map(|number| number.radix());
    writeln!(to, "{} {text:?} {radix:?} [", value.type_str()).unwrap();
    match value {
        DeValue::Table(inner) => table(inner, to),
        DeValue::Array(array) => {
            for child in array {
                write!(to, "{:?} ", child.span()).unwrap();
                self::value(child.get_ref(), to);
            }
        }
        _ => {}
    }
    writeln!(to, "]").unwrap();
}
