//! Random numbers that nobody draws twice.

use std::fmt;
use std::str::FromStr;

use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::{Serialize, Serializer};

/// A text that is no id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotAnId(String);

impl fmt::Display for NotAnId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is not an id of 32 hexadecimal digits",
            self.0.escape_debug()
        )
    }
}

impl std::error::Error for NotAnId {}

fn parse(text: &str) -> Result<u128, NotAnId> {
    // As PostgreSQL writes a `uuid`, and as we do.
    let digits: String = text.chars().filter(|c| *c != '-').collect();
    let is_one = digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let number = u128::from_str_radix(&digits, 16);
    match number {
        Ok(number) if is_one => Ok(number),
        _ => Err(NotAnId(text.chars().take(80).collect())),
    }
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u128);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:032x}", self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({:x})", stringify!($name), self.0)
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                parse(text).map(Self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(D::Error::custom)
            }
        }
    };
}

id! {
    /// An agent's life on a server. Its holds last as long as its beats.
    Session
}

id! {
    /// One request for names; who has it can prove that the request was its own.
    Token
}

id! {
    /// The version of a document. Random: a number would come back, with another content,
    /// after a server has forgotten its last changes.
    Tag
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_as_we_and_as_a_database_write_it() {
        let token = Token(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef);
        let text = "0123456789abcdef0123456789abcdef";
        assert_eq!(token.to_string(), text);
        for same in [
            text,
            "01234567-89ab-cdef-0123-456789abcdef",
            &text.to_uppercase(),
        ] {
            assert_eq!(same.parse(), Ok(token), "{same}");
        }
        for other in [
            "",
            "1",
            "+1234567890123456789012345678901",
            &format!("{text}0"),
        ] {
            assert!(other.parse::<Token>().is_err(), "{other}");
        }
    }
}
