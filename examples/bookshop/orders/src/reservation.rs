//! Copies that are still on the shelf and already promised.

use crate::{Result, order};
use catalog::{Error, Isbn, stock};
use rusqlite::Connection;

/// Returns how many copies of a book nobody has reserved.
///
/// # Errors
///
/// Returns an error when there is no such book.
pub fn available(connection: &Connection, isbn: &Isbn) -> Result<u32> {
    let on_hand = stock::on_hand(connection, isbn)?;
    let reserved: u32 = connection
        .prepare_cached("SELECT coalesce(sum(quantity), 0) FROM reservation WHERE isbn = ?1")?
        .query_row([isbn], |row| row.get(0))?;
    Ok(on_hand.saturating_sub(reserved))
}

/// Returns what an order has reserved.
///
/// # Errors
///
/// Returns an error when the database cannot be read.
pub fn of_order(connection: &Connection, order: order::Id) -> Result<Vec<(Isbn, u32)>> {
    let found = connection
        .prepare_cached("SELECT isbn, quantity FROM reservation WHERE order_id = ?1 ORDER BY isbn")?
        .query_map([order], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(found)
}

/// Returns the books of which more copies are promised than there are: none, if all is well.
///
/// # Errors
///
/// Returns an error when the database cannot be read.
pub fn overbooked(connection: &Connection) -> Result<Vec<Isbn>> {
    let found = connection
        .prepare_cached(
            "SELECT isbn FROM reservation JOIN stock USING (isbn)
             GROUP BY isbn HAVING sum(quantity) > on_hand",
        )?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(found)
}

/// Reserves copies for an order; the caller is in a transaction.
pub(crate) fn make(
    connection: &Connection,
    order: order::Id,
    isbn: &Isbn,
    quantity: u32,
) -> Result<()> {
    let left = available(connection, isbn)?;
    if left < quantity {
        return Err(Error::NotEnough {
            isbn: isbn.clone(),
            asked: quantity,
            left,
        }
        .into());
    }
    connection
        .prepare_cached("INSERT INTO reservation (order_id, isbn, quantity) VALUES (?1, ?2, ?3)")?
        .execute((order, isbn, quantity))?;
    Ok(())
}

/// Frees what an order has reserved; the caller is in a transaction.
pub(crate) fn release(connection: &Connection, order: order::Id) -> Result<()> {
    connection.execute("DELETE FROM reservation WHERE order_id = ?1", [order])?;
    Ok(())
}
