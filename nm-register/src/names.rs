//! Which names a pool has.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// The names of one pool, in the order in which they are tried.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Names {
    /// These, in this order.
    Listed(Vec<String>),
    /// Made from a template with `{index}`.
    Numbered {
        /// With `{index}` once.
        template: String,
        /// How many; `None` if unbounded.
        max: Option<u32>,
    },
}

impl Names {
    /// How many there are; `None` if unbounded.
    pub fn capacity(&self) -> Option<usize> {
        match self {
            Self::Listed(names) => Some(names.len()),
            Self::Numbered { max, .. } => max.map(|max| max as usize),
        }
    }

    /// The name with this index; `None` if the pool has fewer.
    pub fn get(&self, index: usize) -> Option<Cow<'_, str>> {
        match self {
            Self::Listed(names) => names.get(index).map(|name| Cow::Borrowed(name.as_str())),
            Self::Numbered { template, max } => max
                .is_none_or(|max| index < max as usize)
                .then(|| Cow::Owned(template.replace("{index}", &index.to_string()))),
        }
    }
}

/// A pool's names, and who said so first.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// The names.
    pub names: Names,
    /// Where that is written: a host and a place in a source.
    pub place: String,
}

/// Whether this is no name that is lent, but a lock of the machinery: the pool's life, a
/// run, its reaper. Requests for it wait for nothing else.
pub fn is_lock(name: &str) -> bool {
    name.starts_with('#')
}
