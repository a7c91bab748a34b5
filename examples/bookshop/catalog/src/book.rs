//! The books themselves.

use crate::{Cents, Error, Isbn, Result};
use rusqlite::{Connection, OptionalExtension, Row};

/// One title.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Book {
    /// Its number.
    pub isbn: Isbn,
    /// What is on the cover.
    pub title: String,
    /// Who wrote it.
    pub author: String,
    /// Who printed it.
    pub publisher: String,
    /// In which year.
    pub published: u16,
    /// What a copy costs.
    pub price: Cents,
}

/// The columns that [`from_row`] reads, with the joins they need.
pub(crate) const SELECT: &str = "
    SELECT book.isbn, book.title, author.name, publisher.name, published, price
    FROM book
    JOIN author ON author.id = author_id
    JOIN publisher ON publisher.id = publisher_id ";

pub(crate) fn from_row(row: &Row<'_>) -> rusqlite::Result<Book> {
    Ok(Book {
        isbn: row.get(0)?,
        title: row.get(1)?,
        author: row.get(2)?,
        publisher: row.get(3)?,
        published: row.get(4)?,
        price: row.get(5)?,
    })
}

/// Returns the book with this ISBN.
///
/// # Errors
///
/// Returns an error when there is none, or the database cannot be read.
pub fn find(connection: &Connection, isbn: &Isbn) -> Result<Book> {
    connection
        .prepare_cached(&format!("{SELECT} WHERE isbn = ?1"))?
        .query_row([isbn], from_row)
        .optional()?
        .ok_or_else(|| Error::NoSuchBook(isbn.clone()))
}

/// Adds a book, and its author and publisher if they are new. It has no stock yet.
///
/// # Errors
///
/// Returns an error when the ISBN is taken or a value is out of range.
pub fn add(connection: &Connection, book: &Book) -> Result<()> {
    let author = id_of(connection, "author", &book.author)?;
    let publisher = id_of(connection, "publisher", &book.publisher)?;
    connection
        .prepare_cached(
            "INSERT INTO book (isbn, title, author_id, publisher_id, published, price)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute((
            &book.isbn,
            &book.title,
            author,
            publisher,
            book.published,
            book.price,
        ))?;
    Ok(())
}

/// Returns how many titles there are.
///
/// # Errors
///
/// Returns an error when the database cannot be read.
pub fn count(connection: &Connection) -> Result<usize> {
    Ok(connection.query_row("SELECT count(*) FROM book", [], |row| row.get(0))?)
}

/// Removes a book with its stock and history.
///
/// # Errors
///
/// Returns an error when there is none, or something else refers to it.
pub fn remove(connection: &Connection, isbn: &Isbn) -> Result<()> {
    match connection.execute("DELETE FROM book WHERE isbn = ?1", [isbn])? {
        0 => Err(Error::NoSuchBook(isbn.clone())),
        _ => Ok(()),
    }
}

fn id_of(connection: &Connection, table: &str, name: &str) -> Result<i64> {
    connection
        .prepare_cached(&format!(
            "INSERT INTO {table} (name) VALUES (?1) ON CONFLICT DO NOTHING"
        ))?
        .execute([name])?;
    Ok(connection
        .prepare_cached(&format!("SELECT id FROM {table} WHERE name = ?1"))?
        .query_row([name], |row| row.get(0))?)
}
