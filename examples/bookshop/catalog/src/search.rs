//! Finding books.

use crate::book::{Book, SELECT, from_row};
use crate::{Cents, Result};
use rusqlite::Connection;

/// Returns the books in whose title or author all of `words` occur, best first.
///
/// The last word may be the beginning of one. Punctuation is no syntax.
///
/// # Errors
///
/// Returns an error when the database cannot be read.
pub fn by_words(connection: &Connection, words: &str) -> Result<Vec<Book>> {
    let query: Vec<String> = words
        .split_whitespace()
        .map(|word| format!("\"{}\"", word.replace('"', "\"\"")))
        .collect();
    if query.is_empty() {
        return Ok(Vec::new());
    }
    let found = connection
        .prepare_cached(&format!(
            "{SELECT} JOIN book_text ON book_text.rowid = book.id
             WHERE book_text MATCH ?1 ORDER BY rank, book.id"
        ))?
        .query_map([format!("{} *", query.join(" "))], from_row)?
        .collect::<rusqlite::Result<_>>()?;
    Ok(found)
}

/// Returns an author's books, oldest first.
///
/// # Errors
///
/// Returns an error when the database cannot be read.
pub fn by_author(connection: &Connection, author: &str) -> Result<Vec<Book>> {
    let found = connection
        .prepare_cached(&format!(
            "{SELECT} WHERE author.name = ?1 ORDER BY published, book.id"
        ))?
        .query_map([author], from_row)?
        .collect::<rusqlite::Result<_>>()?;
    Ok(found)
}

/// Returns the books that cost at most `limit`, cheapest first.
///
/// # Errors
///
/// Returns an error when the database cannot be read.
pub fn up_to_price(connection: &Connection, limit: Cents) -> Result<Vec<Book>> {
    let found = connection
        .prepare_cached(&format!(
            "{SELECT} WHERE price <= ?1 ORDER BY price, book.id"
        ))?
        .query_map([limit], from_row)?
        .collect::<rusqlite::Result<_>>()?;
    Ok(found)
}

/// Writes the search index again from the books.
///
/// # Errors
///
/// Returns an error when the database cannot be written.
pub fn rebuild(connection: &Connection) -> Result<()> {
    connection.execute_batch(
        "DELETE FROM book_text;
         INSERT INTO book_text (rowid, title, author)
         SELECT book.id, book.title, author.name
         FROM book JOIN author ON author.id = book.author_id;",
    )?;
    Ok(())
}
