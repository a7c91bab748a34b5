use std::collections::BTreeMap;

use super::{Access, Ask, Hook, How, What};

/// `key=value`, separated by spaces.
pub(super) struct Fields<'a>(BTreeMap<&'a str, &'a str>);

impl<'a> Fields<'a> {
    pub(super) fn new(text: &'a str) -> Result<Self, String> {
        let field = |word: &'a str| {
            word.split_once('=')
                .ok_or_else(|| format!("expected key=value, found `{word}`"))
        };
        let fields: Result<_, _> = text.split_ascii_whitespace().map(field).collect();
        Ok(Self(fields?))
    }

    pub(super) fn text(&self, key: &str) -> Result<String, String> {
        let value = self.0.get(key).map(|value| (*value).to_owned());
        value.ok_or_else(|| format!("lacks `{key}`"))
    }

    pub(super) fn number(&self, key: &str) -> Result<u64, String> {
        let text = self.text(key)?;
        text.parse()
            .map_err(|_| format!("`{key}` is `{text}`, not a number"))
    }

    pub(super) fn is_dirty(&self) -> bool {
        self.0.get("state") == Some(&"dirty")
    }

    pub(super) fn ask(&self) -> Result<Ask, String> {
        Ok(Ask {
            r: self.number("r")?,
            pool: self.text("pool")?,
            what: match self.text("what")?.as_str() {
                "any" => What::Any,
                "all" => What::All,
                name => What::Name(name.to_owned()),
            },
            count: self.number("count")? as usize,
            access: match self.text("access")?.as_str() {
                "exclusive" => Access::Exclusive,
                "shared" => Access::Shared,
                other => return Err(format!("unknown access `{other}`")),
            },
            how: match self.text("how")?.as_str() {
                "try" => How::Try,
                _ => How::Within(self.number("how")?.saturating_mul(1_000_000)),
            },
        })
    }

    pub(super) fn leases(&self) -> Result<Vec<(String, Option<u64>)>, String> {
        let lease = |text: &str| match text.split_once(':') {
            None => Ok((text.to_owned(), None)),
            Some((name, fence)) => match fence.parse() {
                Ok(fence) => Ok((name.to_owned(), Some(fence))),
                Err(_) => Err(format!("the fence of `{text}` is no number")),
            },
        };
        self.text("leases")?.split(',').map(lease).collect()
    }

    pub(super) fn hook(&self) -> Result<Hook, String> {
        Ok(Hook {
            what: self.text("what")?,
            pool: self.text("pool")?,
            name: self.text("name").unwrap_or_default(),
            dirty: self.is_dirty(),
        })
    }
}
