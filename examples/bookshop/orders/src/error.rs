use crate::order::{Id, Status};
use std::fmt;

/// What the functions of this package return.
pub type Result<T> = std::result::Result<T, Error>;

/// Why an order could not be dealt with.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The catalogue or the database refused.
    Catalog(catalog::Error),
    /// There is no such order.
    NoSuchOrder(Id),
    /// An order without lines.
    EmptyOrder,
    /// The order is not in a state that allows this.
    WrongStatus {
        /// Which order.
        order: Id,
        /// What it is.
        found: Status,
        /// What it would have to be.
        expected: Status,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Catalog(error) => error.fmt(f),
            Error::NoSuchOrder(order) => write!(f, "there is no order {order}"),
            Error::EmptyOrder => f.write_str("an order needs at least one line"),
            Error::WrongStatus {
                order,
                found,
                expected,
            } => {
                write!(f, "order {order} is {found}, not {expected}")
            }
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Catalog(error) => std::error::Error::source(error),
            _ => None,
        }
    }
}

impl From<catalog::Error> for Error {
    fn from(error: catalog::Error) -> Error {
        Error::Catalog(error)
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Error {
        Error::Catalog(error.into())
    }
}
