use crate::{Error, Result};
use rusqlite::types::{FromSql, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use std::fmt;

/// An ISBN of thirteen digits whose check digit is right.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Isbn(String);

impl Isbn {
    /// Reads an ISBN; hyphens and spaces are skipped.
    ///
    /// # Errors
    ///
    /// Returns an error when `text` has other characters, another length, or a wrong check digit.
    pub fn parse(text: &str) -> Result<Isbn> {
        let digits: String = text.chars().filter(|c| !matches!(c, '-' | ' ')).collect();
        let is_valid = digits.len() == 13
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && digits.as_bytes()[12] == check_digit(&digits[..12]);
        if is_valid {
            Ok(Isbn(digits))
        } else {
            Err(Error::BadIsbn(text.to_owned()))
        }
    }

    /// Returns the ISBN that a publisher's `serial` number gets; serials wrap at a billion.
    #[must_use]
    pub fn from_serial(serial: u32) -> Isbn {
        let mut digits = format!("978{:09}", serial % 1_000_000_000);
        let check = check_digit(&digits);
        digits.push(char::from(check));
        Isbn(digits)
    }
}

/// Weights 1 and 3 in turn; the thirteenth digit makes the sum a multiple of ten.
fn check_digit(twelve: &str) -> u8 {
    let sum: u32 = (twelve.bytes().zip([1, 3].into_iter().cycle()))
        .map(|(byte, weight)| u32::from(byte - b'0') * weight)
        .sum();
    b'0' + u8::try_from((10 - sum % 10) % 10).unwrap_or(0)
}

impl fmt::Display for Isbn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl ToSql for Isbn {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        self.0.to_sql()
    }
}

impl FromSql for Isbn {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Isbn> {
        String::column_result(value).map(Isbn)
    }
}
