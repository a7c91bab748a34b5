use crate::Isbn;
use std::fmt;

/// What the catalogue's functions return.
pub type Result<T> = std::result::Result<T, Error>;

/// Why the catalogue could not do what it was asked.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The database refused.
    Database(rusqlite::Error),
    /// Not thirteen digits, or the check digit is wrong.
    BadIsbn(String),
    /// No book has this ISBN.
    NoSuchBook(Isbn),
    /// Fewer copies are left than were asked for.
    NotEnough {
        /// Of which book.
        isbn: Isbn,
        /// How many were asked for.
        asked: u32,
        /// How many there are.
        left: u32,
    },
    /// A line of an import cannot be read.
    BadLine {
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// There is no migration with this number.
    NoSuchMigration {
        /// The number asked for.
        asked: usize,
        /// The highest there is.
        latest: usize,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Database(_) => f.write_str("the database refused"),
            Error::BadIsbn(text) => write!(f, "`{text}` is not an ISBN of 13 digits"),
            Error::NoSuchBook(isbn) => write!(f, "no book has the ISBN {isbn}"),
            Error::NotEnough { isbn, asked, left } => {
                write!(f, "{asked} copies of {isbn} asked for, {left} left")
            }
            Error::BadLine { line, reason } => write!(f, "line {line}: {reason}"),
            Error::NoSuchMigration { asked, latest } => {
                write!(f, "no migration {asked}, the latest is {latest}")
            }
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Database(error) => Some(error),
            _ => None,
        }
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Error {
        Error::Database(error)
    }
}
