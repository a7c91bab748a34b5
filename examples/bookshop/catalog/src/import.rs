//! A wholesaler's list: one book a line, fields between semicolons.
//!
//! `isbn;title;author;publisher;year;price;copies`, for example
//! `978-3-16-148410-0;The Quiet Harbour;Ada Novak;Lantern Press;1987;12.50;4`.

use crate::book::{self, Book};
use crate::{Cents, Error, Isbn, Result, stock};
use rusqlite::{Connection, Transaction, TransactionBehavior};

/// Adds the books of a list with their copies, all of them or none; returns how many.
///
/// Empty lines and lines that begin with `#` are skipped.
///
/// # Errors
///
/// Returns an error that names the line when it cannot be read, or its book is there already.
pub fn list(connection: &Connection, text: &str) -> Result<usize> {
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    let mut imported = 0;
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let refused = |reason: String| Error::BadLine {
            line: number,
            reason,
        };
        let (book, copies) = parse(line).map_err(refused)?;
        if book::find(&transaction, &book.isbn).is_ok() {
            return Err(refused(format!("{} is there already", book.isbn)));
        }
        book::add(&transaction, &book)?;
        if copies > 0 {
            stock::restock(&transaction, &book.isbn, copies)?;
        }
        imported += 1;
    }
    transaction.commit()?;
    Ok(imported)
}

fn parse(line: &str) -> std::result::Result<(Book, u32), String> {
    let fields: Vec<&str> = line.split(';').map(str::trim).collect();
    let [isbn, title, author, publisher, year, price, copies] = fields[..] else {
        return Err(format!("{} fields, expected 7", fields.len()));
    };
    let book = Book {
        isbn: Isbn::parse(isbn).map_err(|error| error.to_string())?,
        title: title.to_owned(),
        author: author.to_owned(),
        publisher: publisher.to_owned(),
        published: year
            .parse()
            .map_err(|_| format!("`{year}` is not a year"))?,
        price: Cents::parse(price).ok_or_else(|| format!("`{price}` is not a price"))?,
    };
    let copies = copies
        .parse()
        .map_err(|_| format!("`{copies}` is not a number of copies"))?;
    Ok((book, copies))
}
