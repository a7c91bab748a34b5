use crate::base::json;

/// Whether a name is lent to one holder or to several readers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// One holder at a time: the default.
    Exclusive,
    /// Any number of holders that promise only to read; no exclusive one beside them.
    Shared,
}

json::words!(Access: Exclusive, Shared);

impl Access {
    /// `exclusive` or `shared`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Exclusive => "exclusive",
            Self::Shared => "shared",
        }
    }
}
