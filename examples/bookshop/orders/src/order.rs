//! What is bought: an order is open until it is shipped or cancelled.

use crate::{Error, Result, customer, reservation};
use catalog::{Cents, Isbn, book, stock};
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ValueRef};
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior};
use std::fmt;

/// An order's number.
pub type Id = i64;

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Its copies are reserved.
    Open,
    /// Its copies have left.
    Shipped,
    /// Its copies are free again.
    Cancelled,
}

/// Places an order at today's prices and reserves its copies.
///
/// # Errors
///
/// Returns an error, and changes nothing, when it has no lines or a book has
/// fewer copies left that nobody else has reserved.
pub fn place(
    connection: &Connection,
    customer: customer::Id,
    placed_on: &str,
    lines: &[(Isbn, u32)],
) -> Result<Id> {
    if lines.is_empty() {
        return Err(Error::EmptyOrder);
    }
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    transaction.execute(
        "INSERT INTO customer_order (customer_id, placed_on) VALUES (?1, ?2)",
        (customer, placed_on),
    )?;
    let order = transaction.last_insert_rowid();
    for (isbn, quantity) in lines {
        let price = book::find(&transaction, isbn)?.price;
        reservation::make(&transaction, order, isbn, *quantity)?;
        transaction
            .prepare_cached(
                "INSERT INTO order_line (order_id, isbn, quantity, unit_price)
                 VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute((order, isbn, quantity, price))?;
    }
    transaction.commit()?;
    Ok(order)
}

/// Sends an open order: its reserved copies leave the stock.
///
/// # Errors
///
/// Returns an error when the order is not open.
pub fn ship(connection: &Connection, order: Id) -> Result<()> {
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    expect(&transaction, order, Status::Open)?;
    for (isbn, quantity) in reservation::of_order(&transaction, order)? {
        stock::take(&transaction, &isbn, quantity, "sale")?;
    }
    reservation::release(&transaction, order)?;
    transaction.execute(
        "UPDATE customer_order SET status = 'shipped' WHERE id = ?1",
        [order],
    )?;
    Ok(transaction.commit()?)
}

/// Cancels an open order: its reserved copies are free again.
///
/// # Errors
///
/// Returns an error when the order is not open.
pub fn cancel(connection: &Connection, order: Id) -> Result<()> {
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    expect(&transaction, order, Status::Open)?;
    reservation::release(&transaction, order)?;
    transaction.execute(
        "UPDATE customer_order SET status = 'cancelled' WHERE id = ?1",
        [order],
    )?;
    Ok(transaction.commit()?)
}

/// Returns where an order stands.
///
/// # Errors
///
/// Returns an error when there is no such order.
pub fn status(connection: &Connection, order: Id) -> Result<Status> {
    connection
        .prepare_cached("SELECT status FROM customer_order WHERE id = ?1")?
        .query_row([order], |row| row.get(0))
        .optional()?
        .ok_or(Error::NoSuchOrder(order))
}

/// Returns what an order costs.
///
/// # Errors
///
/// Returns an error when the database cannot be read.
pub fn total(connection: &Connection, order: Id) -> Result<Cents> {
    Ok(connection
        .prepare_cached(
            "SELECT coalesce(sum(quantity * unit_price), 0) FROM order_line WHERE order_id = ?1",
        )?
        .query_row([order], |row| row.get(0))?)
}

/// Returns how many orders stand there.
///
/// # Errors
///
/// Returns an error when the database cannot be read.
pub fn count(connection: &Connection, status: Status) -> Result<usize> {
    Ok(connection
        .prepare_cached("SELECT count(*) FROM customer_order WHERE status = ?1")?
        .query_row([status.to_string()], |row| row.get(0))?)
}

/// Checks that an order stands where it has to.
pub(crate) fn expect(connection: &Connection, order: Id, expected: Status) -> Result<()> {
    let found = status(connection, order)?;
    if found == expected {
        Ok(())
    } else {
        Err(Error::WrongStatus {
            order,
            found,
            expected,
        })
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Status::Open => "open",
            Status::Shipped => "shipped",
            Status::Cancelled => "cancelled",
        })
    }
}

impl FromSql for Status {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Status> {
        match value.as_str()? {
            "open" => Ok(Status::Open),
            "shipped" => Ok(Status::Shipped),
            "cancelled" => Ok(Status::Cancelled),
            _ => Err(FromSqlError::InvalidType),
        }
    }
}
