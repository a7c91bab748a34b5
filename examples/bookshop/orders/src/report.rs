//! What the owner looks at in the evening.

use crate::Result;
use catalog::{Cents, Isbn};
use rusqlite::Connection;

/// Returns the books that sold most, with their copies; cancelled orders do not count.
///
/// # Errors
///
/// Returns an error when the database cannot be read.
pub fn best_sellers(connection: &Connection, count: usize) -> Result<Vec<(Isbn, u32)>> {
    let found = connection
        .prepare_cached(
            "SELECT isbn, sum(quantity) AS sold
             FROM order_line JOIN customer_order ON customer_order.id = order_id
             WHERE status <> 'cancelled'
             GROUP BY isbn ORDER BY sold DESC, isbn LIMIT ?1",
        )?
        .query_map([count], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(found)
}

/// Returns what was invoiced in each town, the most first.
///
/// # Errors
///
/// Returns an error when the database cannot be read.
pub fn revenue_by_town(connection: &Connection) -> Result<Vec<(String, Cents)>> {
    let found = connection
        .prepare_cached(
            "SELECT town, sum(total) AS revenue
             FROM invoice
             JOIN customer_order ON customer_order.id = order_id
             JOIN customer ON customer.id = customer_id
             GROUP BY town ORDER BY revenue DESC, town",
        )?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(found)
}

/// Returns the sum of all invoices.
///
/// # Errors
///
/// Returns an error when the database cannot be read.
pub fn revenue(connection: &Connection) -> Result<Cents> {
    let sum = "SELECT coalesce(sum(total), 0) FROM invoice";
    Ok(connection.query_row(sum, [], |row| row.get(0))?)
}
